//! Puts the words' files beside the page. trunk calls this after every build.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::var_os("TRUNK_STAGING_DIR").map(PathBuf::from);
    let folder = folder.or_else(|| env::args_os().nth(1).map(PathBuf::from)).ok_or("usage: highwater-words FOLDER")?;
    let web = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let book = highwater_words::read(web.parent().ok_or("the crate lies in no folder")?)?;
    fs::create_dir_all(folder.join(book.lessons_folder()))?;
    for file in book.files() {
        fs::write(folder.join(&file.name), &file.text).map_err(|error| format!("{}: {error}", file.name))?;
    }
    Ok(())
}
