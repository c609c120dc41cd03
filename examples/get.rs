//! Fetches a URL and writes its body to standard output: `cargo run --example get
//! https://example.org/`.

use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("usage: get URL")?;
    let session = rq::Session::new();
    if let Ok(ca_file) = std::env::var("CA_FILE") {
        session.configure(|options| options.ca_file(ca_file))?;
    }
    let mut response = session.get(&url)?;
    eprintln!("{} {}", response.status(), response.reason());
    response.raise_for_status()?;
    std::io::stdout().write_all(&response.content()?)?;
    Ok(())
}
