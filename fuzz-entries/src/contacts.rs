//! Calls of our own services about a contact: consent and one-time codes.

use crate::call::{answer, event};
use crate::world::{API_KEY, world};

const HEADERS: [(&str, &str); 2] = [("content-type", "application/json"), ("x-api-key", API_KEY)];

/// `POST /consent`: the consent is stored once, or the call is rejected with every violation. A repeat changes nothing.
pub(crate) fn consent_body(data: &[u8]) {
    let world = world();
    let call = || answer(&world, event("POST /consent", &HEADERS, data).unwrap());
    let (status, said) = call();
    let kept = world.state().store.consents.clone();
    let (again, repeated) = call();
    assert!(kept == world.state().store.consents, "a repeat changed something");
    match status {
        200 => assert_eq!((again, repeated["status"].as_str()), (200, Some("duplicate")), "{repeated}"),
        400 | 413 => {
            assert_eq!((again, &repeated), (status, &said));
            assert!(kept.is_empty(), "rejected and stored");
        }
        other => panic!("{other} {said}"),
    }
}

/// `POST /otp` and `POST /otp/verify`: two calls send one text at most, no response contains a code, and the response
/// to a guess says only whether it is right.
pub(crate) fn otp_body(data: &[u8]) {
    let world = world();
    let call = |route| answer(&world, event(route, &HEADERS, data).unwrap());
    let (status, said) = call("POST /otp");
    assert!(matches!(status, 202 | 400 | 413 | 422 | 429), "{status} {said}");
    if status == 202 {
        assert_eq!(said.as_object().map(serde_json::Map::len), Some(1), "{said}");
    }
    let (again, _) = call("POST /otp");
    assert_eq!(again, if status == 202 { 429 } else { status }, "the pause between two codes");
    let (guessed, said) = call("POST /otp/verify");
    assert!(matches!(guessed, 200 | 400 | 413), "{guessed} {said}");
    if guessed == 200 {
        assert!(
            said["valid"].is_boolean() && said.as_object().map(serde_json::Map::len) == Some(1),
            "{said}"
        );
    }
    let state = world.state();
    assert!(state.inconsistencies.is_empty(), "{:?}", state.inconsistencies);
}
