//! The service of docs/one-machine.md.

use std::process::Command;

use crate::files::read;

/// By systemd's own check, where there is one; the command in it is not installed here.
#[test]
fn the_unit_is_one_that_systemd_takes() {
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
        let said = String::from_utf8_lossy(&verified.stderr).into_owned();
        assert!(verified.status.success() && !said.contains("afterword.service:"), "{said}");
    }
}

#[test]
fn what_the_unit_needs_is_in_the_document() {
    let document = read("docs/one-machine.md");
    for needed in
        ["useradd --system", "/etc/afterword/afterword.env", "/var/lib/afterword", "systemctl enable"]
    {
        assert!(document.contains(needed), "{needed}");
    }
}
