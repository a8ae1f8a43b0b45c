//! Starts the page.

fn main() {
    highwater_web::start();
}
