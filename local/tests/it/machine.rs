use local::serve::machine::{Listeners, MachineError, Ports};
use local::store::data_dir::{DataDir, DataDirError};
use local::store::keys::{EnvKeys, Keys};

use crate::rig::Rig;

#[test]
fn a_data_directory_belongs_to_one_process() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("a/.afterword");
    let ours = DataDir::open(&path).unwrap();
    assert_eq!(ours.dynamodb(), path.join("dynamodb.sqlite"));
    assert_eq!(ours.store(), path.join("local.sqlite"));
    let second = DataDir::open(&path).err().unwrap();
    assert!(matches!(second, DataDirError::InUse(_)));
    assert!(second.to_string().contains("another afterword is already using"));
    drop(ours);
    DataDir::open(&path).unwrap();
}

#[test]
fn keys_are_generated_once_and_readable_by_their_owner_only() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("keys.json");
    let first = Keys::load(EnvKeys::default(), Some(&file), 3000).unwrap();
    let names: Vec<_> = first.generated.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        ["AFTERWORD_API_KEY", "AFTERWORD_CALENDLY_SIGNING_KEY", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"]
    );
    assert!(first.keys.twilio_account_sid.starts_with("AC") && first.keys.twilio_account_sid.len() == 34);
    assert_eq!(first.keys.twilio_from, "+15005550006");
    assert_eq!(first.keys.public_url, "http://127.0.0.1:3000");
    assert_eq!(first.keys.public_host().as_deref(), Some("127.0.0.1"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    let second = Keys::load(EnvKeys::default(), Some(&file), 3000).unwrap();
    assert!(second.keys == first.keys && second.generated.is_empty());

    let given = EnvKeys {
        api_key: Some("new, old,".to_owned()),
        public_url: Some("https://a.example.com/".to_owned()),
        ..EnvKeys::default()
    };
    let third = Keys::load(given, Some(&file), 3000).unwrap();
    assert_eq!(third.keys.api_key, ["new", "old"]);
    assert_eq!(third.keys.public_url, "https://a.example.com");
    assert!(third.keys.twilio_auth_token == first.keys.twilio_auth_token);
    assert!(!std::fs::read_to_string(&file).unwrap().contains("new"), "the environment's keys stay there");

    std::fs::write(&file, "[]").unwrap();
    assert!(Keys::load(EnvKeys::default(), Some(&file), 3000).is_err());
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let rig = Rig::start().await;
    let ports = Ports { gateway: 0, aws: rig.ports.aws, admin: 0 };
    match Listeners::bind(ports).await {
        Err(MachineError::Bind(port, _)) => assert_eq!(port, rig.ports.aws),
        _ => panic!("the port is taken"),
    }
    rig.stop().await;
}
