//! Where things are: the repository, the cache of tools, the search path.

use crate::shell::{self, Result};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What every chore needs to know about its surroundings.
pub struct Context {
    /// The root of the repository.
    pub root: PathBuf,
    /// The cache of installed tools, shared by all clones of one user.
    pub cache: PathBuf,
    /// Directories of installed tools, put in front of `PATH` for children.
    tool_dirs: Vec<PathBuf>,
}

impl Context {
    /// Finds the repository from cargo's environment and the cache from the user's.
    pub fn discover() -> Result<Self> {
        // Read at run time: a target directory may be shared by several clones,
        // so a path fixed at compile time could name another clone.
        let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let root = manifest
            .as_deref()
            .and_then(Path::parent)
            .ok_or("start this program through cargo: `cargo xtask <command>`")?
            .to_path_buf();
        let cache = cache_dir(|name| env::var_os(name).filter(|value| !value.is_empty()))?;
        Ok(Self { cache: root.join(cache), root, tool_dirs: Vec::new() })
    }

    /// Lets children (and [`Context::which`]) find programs in `dir` first.
    pub fn add_tool_dir(&mut self, dir: PathBuf) {
        if !self.tool_dirs.contains(&dir) {
            self.tool_dirs.insert(0, dir);
        }
    }

    /// A command run at the repository's root, with the installed tools on its `PATH`.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.root)
            .env("PATH", self.search_path())
            // trunk 0.21 stops at the conventional `NO_COLOR=1`: "invalid value '1'".
            .env_remove("NO_COLOR");
        command
    }

    /// The cargo that started us, so that the pinned toolchain stays in force.
    pub fn cargo(&self) -> Command {
        self.command(&env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
    }

    /// Where cargo builds.
    pub fn target_dir(&self) -> Result<PathBuf> {
        let metadata =
            shell::output(self.cargo().args(["metadata", "--no-deps", "--format-version", "1", "--offline"]))?;
        let dir = shell::json_text(&metadata, "target_directory");
        dir.map(PathBuf::from).ok_or("cargo metadata names no target_directory".into())
    }

    /// The first file called `program` on the children's `PATH`.
    pub fn which(&self, program: &str) -> Option<PathBuf> {
        env::split_paths(&self.search_path()).map(|dir| dir.join(program)).find(|path| path.is_file())
    }

    /// The version of `package` in `Cargo.lock`.
    pub fn locked_version(&self, package: &str) -> Result<String> {
        let lock = std::fs::read_to_string(self.root.join("Cargo.lock"))
            .map_err(|error| format!("cannot read Cargo.lock: {error}"))?;
        version_in_lock(&lock, package).ok_or_else(|| format!("Cargo.lock names no package `{package}`"))
    }

    fn search_path(&self) -> OsString {
        let inherited = env::var_os("PATH").unwrap_or_default();
        let dirs = self.tool_dirs.iter().cloned();
        env::join_paths(dirs.chain(env::split_paths(&inherited))).unwrap_or(inherited)
    }
}

fn cache_dir(var: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf> {
    if let Some(dir) = var("HIGHWATER_TOOLS") {
        return Ok(PathBuf::from(dir));
    }
    let base = var("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| var("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .ok_or("no place for tools: set HOME, XDG_CACHE_HOME or HIGHWATER_TOOLS")?;
    Ok(base.join("highwater"))
}

/// Cargo writes lock files with one `key = "value"` a line, the version right
/// after the name, so no TOML parser is needed.
fn version_in_lock(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    let version = lines.next()?.strip_prefix("version = \"")?;
    Some(version.trim_end_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_versions_are_read_by_exact_name() {
        let lock = "[[package]]\nname = \"wasm-bindgen-test\"\nversion = \"0.3.76\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.126\"\n";
        assert_eq!(version_in_lock(lock, "wasm-bindgen").as_deref(), Some("0.2.126"));
        assert_eq!(version_in_lock(lock, "wasm"), None);
    }

    #[test]
    fn the_cache_follows_the_most_specific_variable() {
        let dir = |set: &[(&str, &str)]| {
            cache_dir(|name| {
                let found = set.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| OsString::from(value))
            })
        };
        let all = [("HIGHWATER_TOOLS", "/t"), ("XDG_CACHE_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(dir(&all), Ok(PathBuf::from("/t")));
        assert_eq!(dir(&all[1..]), Ok(PathBuf::from("/x/highwater")));
        assert_eq!(dir(&all[2..]), Ok(PathBuf::from("/h/.cache/highwater")));
        assert!(dir(&[]).is_err());
    }
}
