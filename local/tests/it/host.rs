use crate::rig::{Rig, raw, send};

#[tokio::test]
async fn every_listener_answers_only_to_this_machine() {
    let rig = Rig::start().await;
    for (port, path) in
        [(rig.ports.gateway, "/any"), (rig.ports.aws, "/"), (rig.ports.admin, "/_local/clock")]
    {
        for host in ["localhost", "127.0.0.1:1", "[::1]:3000", "LocalHost:80"] {
            let answer = send(port, "GET", path, &[("host", host)], b"").await;
            assert_ne!(answer.status, 421, "{host} {path}");
        }
        for host in
            ["", "evil.example.com", "localhost.evil.example.com", "127.0.0.1.evil.example.com:3000", "a b"]
        {
            let answer = send(port, "GET", path, &[("host", host)], b"").await;
            assert!([400, 421].contains(&answer.status), "{host} {path}: {}", answer.status);
            if answer.status == 421 {
                assert_eq!(answer.header("content-type"), Some("application/problem+json"));
                assert!(answer.header("x-request-id").is_some());
            }
        }
        let old = format!("GET {path} HTTP/1.0\r\n\r\n");
        assert_eq!(raw(port, old.as_bytes()).await.status, 421, "HTTP/1.0 without a Host");
        let absolute = format!(
            "GET http://evil.example.com{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        );
        assert_eq!(raw(port, absolute.as_bytes()).await.status, 421, "absolute form");
        let twice =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nhost: evil\r\nconnection: close\r\n\r\n");
        assert_eq!(raw(port, twice.as_bytes()).await.status, 421, "two Hosts");
    }
}

#[tokio::test]
async fn the_public_name_leads_to_the_gateway_only() {
    let rig = Rig::start().await;
    let public = [("host", "hooks.example.com")];
    assert_eq!(send(rig.ports.gateway, "GET", "/any", &public, b"").await.status, 200);
    assert_eq!(send(rig.ports.aws, "GET", "/", &public, b"").await.status, 421);
    assert_eq!(send(rig.ports.admin, "GET", "/_local/clock", &public, b"").await.status, 421);
}

/// A form can be posted by any page: it must not reach what stands for AWS.
#[tokio::test]
async fn pages_of_other_hosts_reach_neither_aws_nor_the_controls() {
    let rig = Rig::start().await;
    let form = b"Action=Publish&PhoneNumber=%2B12025550143&Message=hello";
    for (port, path) in [(rig.ports.aws, "/"), (rig.ports.admin, "/_local/clock")] {
        let own = format!("http://127.0.0.1:{port}");
        for (origin, refused) in [("http://evil.example.com", true), ("null", true), (own.as_str(), false)] {
            let host = format!("127.0.0.1:{port}");
            let headers = [
                ("host", host.as_str()),
                ("origin", origin),
                ("content-type", "application/x-www-form-urlencoded"),
            ];
            let answer = send(port, "POST", path, &headers, form).await;
            assert_eq!(answer.status == 403, refused, "{origin} {path}: {}", answer.status);
        }
    }
    rig.stop().await;
}
