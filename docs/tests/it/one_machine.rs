//! Tests of the service that docs/one-machine.md installs.

use std::process::Command;

use crate::files::read;

/// Runs systemd's own check, if systemd is installed. The command of the unit is replaced, because it is not
/// installed here.
#[test]
fn systemd_accepts_the_unit() {
    let unit = read("docs/examples/afterword.service");
    let command = unit.lines().find(|line| line.starts_with("ExecStart=")).unwrap();
    assert_eq!(command, "ExecStart=/usr/local/bin/afterword serve --live --data-dir /var/lib/afterword");
    let folder = std::env::temp_dir().join(format!("afterword-unit-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("afterword.service");
    std::fs::write(&file, unit.replace("/usr/local/bin/afterword", "/bin/true")).unwrap();
    let verified = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&file).output();
    std::fs::remove_dir_all(&folder).unwrap();
    if let Ok(verified) = verified {
        let messages = String::from_utf8_lossy(&verified.stderr).into_owned();
        assert!(verified.status.success() && !messages.contains("afterword.service:"), "{messages}");
    }
}

#[test]
fn the_document_creates_everything_that_the_unit_needs() {
    let document = read("docs/one-machine.md");
    for needed in
        ["useradd --system", "/etc/afterword/afterword.env", "/var/lib/afterword", "systemctl enable"]
    {
        assert!(document.contains(needed), "{needed}");
    }
}
