//! AWS's own client for Python against a running `serve`: see `aws_client.py` beside this.

use std::path::Path;
use std::process::Command;

use crate::serve::{KEY, Serve};

#[test]
fn boto3_works_against_the_endpoint() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = here.join("../.tools/python/bin/python");
    if !python.exists() {
        println!("SKIPPED: no {}; `make test` installs it", python.display());
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let serve = Serve::start(&home.path().join("data"));
    let url = |port: u16| format!("http://127.0.0.1:{port}");
    let run = Command::new(python)
        .arg(here.join("tests/aws_client.py"))
        .args([url(serve.aws), url(serve.gateway), url(serve.admin), KEY.to_owned()])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    println!("{said}");
    assert!(run.status.success(), "{said}\n{}", String::from_utf8_lossy(&run.stderr));
}
