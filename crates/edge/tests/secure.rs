//! A running edge over real TLS connections on loopback: versions, names, certificates of both sides, new files.

mod live;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use live::Live;
use live::authority::Authority;
use live::control::{bot_at, echo, ended, facts, node_fact, start};
use live::line::{Line, OFFER};
use rustls::version::{TLS12, TLS13};
use schemas::command::{DialLeg, RefuseLeg};
use schemas::observation::{
    AlertSender, ConnectionOpener, LegFailure, TlsFault, TlsFile, TlsRefused, TlsReloaded,
};
use schemas::{Command, Conclusion, LegId, Observation, Transport, TrunkName};
use tokio::net::{TcpListener, TcpStream};
use trunkline_edge::{Configuration, Listen, RtpPorts, TlsVersion, Trunk};

/// An edge with a certificate for `edge.test`, that believes `authority` of its trunk.
async fn secure(at: &str, authority: &Authority, change: impl FnOnce(&mut Configuration)) -> Live {
    let listens = Listen::parse(&format!("tls://{at}:0")).unwrap();
    let identity = authority.sign_both("edge.test");
    Live::with(&listens, |configuration| {
        let (first, last) = (23_000, 23_999);
        configuration.rtp_ports = RtpPorts { first, last };
        configuration.security.identity = Some(identity);
        configuration.security.reload_every = Duration::from_millis(20);
        configuration.trunks[0].security.authorities = Some(authority.file());
        change(configuration);
    })
    .await
}

/// A peer of its own: nobody else has its address.
fn line(stream: impl live::line::Wire + 'static) -> Line {
    static PORTS: AtomicU16 = AtomicU16::new(5_061);
    let port = PORTS.fetch_add(1, Ordering::Relaxed);
    Line::over(stream, "TLS", SocketAddr::from(([127, 0, 0, 1], port)))
}

async fn refusal(live: &Live) -> TlsRefused {
    node_fact(&live.log, |fact| match fact {
        Observation::TlsRefused(refused) => Some(refused.clone()),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn tls_1_3_is_spoken_and_1_2_only_where_the_trunk_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "authority");
    let live = secure("127.82.0.1", &authority, |configuration| {
        let mut old = Trunk::new("old", vec!["127.0.0.1/32".parse().unwrap()]);
        old.security.version_min = TlsVersion::V1_2;
        configuration.trunks.push(old);
    })
    .await;
    let control = start(live.log.clone(), echo);
    let new = authority.connect(live.address, &TLS13, None);
    line(new.await.unwrap()).call().await;
    // Connections from 127.0.0.1 are the old trunk's.
    let old = authority.connect(live.address, &TLS12, None);
    line(old.await.unwrap()).call().await;
    let log = live.stop().await;
    control.abort();
    let facts = facts(&log).await;
    assert_eq!(facts.len(), 2);
    for fact in facts.into_values() {
        let Observation::InviteReceived(invite) = &fact[0] else {
            panic!()
        };
        assert_eq!(invite.transport, Transport::Tls);
    }
}

#[tokio::test]
async fn a_peer_that_is_too_old_is_told_with_both_sides_versions() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "authority");
    let live = secure("127.82.1.1", &authority, |_| {}).await;
    let old = authority.connect(live.address, &TLS12, None);
    old.await.unwrap_err();
    let told = refusal(&live).await;
    assert_eq!(
        told.error,
        "there is no version of TLS that both sides speak"
    );
    assert_eq!(told.fault, TlsFault::NoCommonVersion);
    assert_eq!(told.alert.as_deref(), Some("protocol_version"));
    assert_eq!(told.alert_by, Some(AlertSender::Edge));
    assert_eq!(
        (told.versions_ours.as_str(), told.versions_theirs.as_deref()),
        ("1.3", Some("1.2"))
    );
    assert_eq!(
        (told.opened_by, told.trunk),
        (ConnectionOpener::Peer, Some(TrunkName::from("pbx")))
    );
    // Another one within ten seconds is counted, not told.
    let old = authority.connect(live.address, &TLS12, None);
    old.await.unwrap_err();
    live.stop().await;
}

#[tokio::test]
async fn a_certificate_is_needed_where_the_trunk_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "authority");
    let stranger = Authority::new(folder.path(), "stranger");
    let live = secure("127.82.2.1", &authority, |configuration| {
        configuration.trunks[0].security.certificate_required = true;
        configuration.trunks[0].security.name = Some("pbx.test".to_owned());
    })
    .await;
    let control = start(live.log.clone(), echo);
    let own = authority.sign("pbx.test");
    let own = authority.connect(live.address, &TLS13, Some(&own));
    line(own.await.unwrap()).call().await;
    let false_ones = [
        None,
        Some(authority.sign("other.test")),
        Some(stranger.sign("pbx.test")),
    ];
    for shown in false_ones {
        // In TLS 1.3 the client learns that its certificate is refused only when it reads.
        let connected = authority.connect(live.address, &TLS13, shown.as_ref());
        if let Ok(stream) = connected.await {
            line(stream).hear_the_end().await;
        }
    }
    assert_eq!(live.counters.tls_refused.get(), 3);
    let told = refusal(&live).await;
    assert_eq!(told.error, "the peer showed no certificate");
    assert_eq!(told.alert.as_deref(), Some("certificate_required"));
    live.stop().await;
    control.abort();
}

#[tokio::test]
async fn a_certificate_says_which_trunk_it_is_wherever_it_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "authority");
    let stranger = Authority::new(folder.path(), "stranger");
    let live = secure("127.82.8.1", &authority, |configuration| {
        // Nobody on this machine is known by its address.
        configuration.trunks[0].sources = vec!["192.0.2.0/24".parse().unwrap()];
        for name in ["one.test", "two.test"] {
            let mut trunk = Trunk::new(name, Vec::new());
            trunk.security.authorities = Some(authority.file());
            trunk.security.name = Some(name.to_owned());
            trunk.security.certificate_required = true;
            configuration.trunks.push(trunk);
        }
    })
    .await;
    let control = start(live.log.clone(), echo);
    let own = authority.sign("two.test");
    let connected = authority.connect(live.address, &TLS13, Some(&own));
    line(connected.await.unwrap()).call().await;
    let false_ones = [
        None,
        Some(authority.sign("other.test")),
        Some(stranger.sign("two.test")),
    ];
    for shown in false_ones {
        let connected = authority.connect(live.address, &TLS13, shown.as_ref());
        let mut line = line(connected.await.unwrap());
        let invite = line.invite();
        line.say(invite.as_bytes()).await;
        line.hear_status(403).await;
    }
    let calls = facts(&live.log).await;
    let trunks: Vec<_> = calls
        .values()
        .flatten()
        .filter_map(|fact| match fact {
            Observation::InviteReceived(invite) => Some(invite.trunk.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(trunks.len(), 1);
    assert_eq!(trunks[0].trunk.as_str(), "two.test");
    assert!(trunks[0].because.contains("certificate"), "{trunks:?}");
    live.stop().await;
    control.abort();
}

#[tokio::test]
async fn a_certificate_that_proves_nothing_is_as_good_as_none() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "authority");
    let stranger = Authority::new(folder.path(), "stranger");
    let live = secure("127.82.3.1", &authority, |_| {}).await;
    let shown = stranger.sign("pbx.test");
    let connected = authority.connect(live.address, &TLS13, Some(&shown));
    line(connected.await.unwrap()).probe().await;
    live.stop().await;
}

#[tokio::test]
async fn new_files_are_used_without_a_restart_and_broken_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "authority");
    let live = secure("127.82.4.1", &authority, |_| {}).await;
    let certificate = || async {
        let connected = authority.connect(live.address, &TLS13, None);
        let stream = connected.await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone()
    };
    let connected = authority.connect(live.address, &TLS13, None);
    let mut early = line(connected.await.unwrap());
    let first = certificate().await;
    let identity = authority.sign_both("edge.test");
    let second = until_other(&certificate, &first).await;
    early.probe().await;
    let read = reloaded(&live).await;
    assert!(
        read.files
            .iter()
            .any(|file| file.ends_with("edge.test.pem"))
    );
    std::fs::write(&identity.key, "no key").unwrap();
    let failed = node_fact(&live.log, |fact| match fact {
        Observation::TlsReloadFailed(failed) => Some(failed.clone()),
        _ => None,
    })
    .await;
    assert_eq!(failed.trunk, None);
    assert!(
        failed.error.contains("edge.test.key holds no private key"),
        "{failed:?}"
    );
    // It is looked at many times meanwhile.
    for _ in 0..20 {
        assert_eq!(certificate().await, second);
    }
    authority.sign_both("edge.test");
    until_other(&certificate, &second).await;
    live.stop().await;
}

async fn reloaded(live: &Live) -> TlsReloaded {
    node_fact(&live.log, |fact| match fact {
        Observation::TlsReloaded(reloaded) => Some(reloaded.clone()),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn a_certificate_that_ends_is_told_before_and_after() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "authority");
    let soon = Duration::from_secs(5 * 86_400);
    let live = secure("127.82.9.1", &authority, |configuration| {
        configuration.security.identity = Some(authority.sign_until("soon.test", soon));
        let mut far = Trunk::new("far", vec!["192.0.2.0/24".parse().unwrap()]);
        far.security.identity = Some(authority.sign_until("over.test", Duration::ZERO));
        configuration.trunks.push(far);
    })
    .await;
    let noticed = |of: &'static str| {
        node_fact(&live.log, move |fact| match fact {
            Observation::CertificateExpiryNoticed(noticed) if noticed.file.contains(of) => {
                Some(noticed.clone())
            }
            _ => None,
        })
    };
    let near = noticed("soon.test.pem").await;
    assert_eq!(
        (near.trunk, near.holds, near.ended),
        (None, TlsFile::Certificate, false)
    );
    let over = noticed("over.test.pem").await;
    assert_eq!(
        (over.trunk, over.ended),
        (Some(TrunkName::from("far")), true)
    );
    // What ends in years is not worth a word: nothing is told of the authority.
    live.stop().await;
}

async fn until_other<F, T: PartialEq>(mut now: impl FnMut() -> F, before: &T) -> T
where
    F: Future<Output = T>,
{
    let found = async {
        loop {
            let found = now().await;
            if found != *before {
                return found;
            }
        }
    };
    tokio::time::timeout(live::PATIENCE, found)
        .await
        .expect("the new file is used")
}

#[tokio::test]
async fn who_mistakes_the_port_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "authority");
    let live = secure("127.82.5.1", &authority, |_| {}).await;
    let mut plain = Line::connect(live.address).await;
    let probe = plain.request("OPTIONS", "<sip:edge>", 1, "");
    plain.say(probe.as_bytes()).await;
    assert_eq!(
        refusal(&live).await.error,
        "the peer speaks SIP without TLS"
    );
    live.stop().await;
    let live = Live::with(&Listen::parse("tcp://127.82.5.1:0").unwrap(), |_| {}).await;
    let secure = authority.connect(live.address, &TLS13, None);
    secure.await.unwrap_err();
    assert_eq!(
        refusal(&live).await.error,
        "the peer speaks TLS at the port for TCP"
    );
    live.stop().await;
}

/// The number called is the host to dial and the port, a dash between; all of it is the trunk `far`.
fn dial(observation: &Observation) -> (Vec<Command>, Vec<Conclusion>) {
    let _leg = LegId(1);
    match observation {
        Observation::InviteReceived(invite) => {
            let dial = DialLeg {
                trunk: Some(TrunkName::from("far")),
                transport: Transport::Tls,
                ..bot_at(invite.called.reveal().replace('-', ":"), invite)
            };
            (vec![dial.into()], vec![])
        }
        Observation::LegAnswered(_) | Observation::LegFailed(_) => {
            let refuse = RefuseLeg {
                leg: LegId::CALLER,
                status: if matches!(observation, Observation::LegFailed(_)) {
                    502
                } else {
                    486
                },
                phrase: String::new(),
                reason: None,
                retry_after_s: None,
            };
            (vec![refuse.into()], vec![])
        }
        Observation::LegEnded(_) => (vec![], ended()),
        _ => (vec![], vec![]),
    }
}

struct Far {
    live: Live,
    authority: Authority,
    listener: TcpListener,
    _folder: tempfile::TempDir,
}

impl Far {
    /// An edge with a trunk `far`, whose certificate must be for `far.test`.
    async fn new(at: &str) -> Far {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(folder.path(), "authority");
        let live = secure(at, &authority, |configuration| {
            let mut far = Trunk::new("far", vec!["192.0.2.0/24".parse().unwrap()]);
            far.security = configuration.trunks[0].security.clone();
            far.security.name = Some("far.test".to_owned());
            configuration.trunks.push(far);
        })
        .await;
        let listener = TcpListener::bind((live.address.ip(), 0)).await.unwrap();
        Far {
            live,
            authority,
            listener,
            _folder: folder,
        }
    }

    /// Somebody calls the far peer through the edge.
    async fn call(&self) -> Line {
        let connected = self.authority.connect(self.live.address, &TLS13, None);
        let mut caller = line(connected.await.unwrap());
        let here = self.listener.local_addr().unwrap();
        let number = here.to_string().replace(':', "-");
        let invite = caller
            .invite()
            .replace("sip:100@edge SIP", &format!("sip:{number}@edge SIP"));
        caller.say(invite.as_bytes()).await;
        caller
    }
}

#[tokio::test]
async fn the_peer_that_is_dialed_must_have_the_name_and_sees_our_certificate() {
    let far = Far::new("127.82.6.1").await;
    let control = start(far.live.log.clone(), dial);
    let mut caller = far.call().await;
    let own = far.authority.sign("far.test");
    let accepted = far
        .authority
        .accept(&far.listener, &own, true)
        .await
        .unwrap();
    assert!(accepted.get_ref().1.peer_certificates().is_some());
    let mut agent = line(accepted);
    let invite = agent.hear().await;
    agent.answer(&invite, "200 OK", OFFER).await;
    caller.hear_status(486).await;
    far.live.stop().await;
    control.abort();
}

#[tokio::test]
async fn a_wrong_name_is_refused_and_told() {
    let far = Far::new("127.82.7.1").await;
    let control = start(far.live.log.clone(), dial);
    let mut caller = far.call().await;
    let wrong = far.authority.sign("elsewhere.test");
    far.authority
        .accept(&far.listener, &wrong, false)
        .await
        .unwrap_err();
    caller.hear_status(502).await;
    let told = refusal(&far.live).await;
    assert_eq!(
        (told.opened_by, told.trunk),
        (ConnectionOpener::Edge, Some(TrunkName::from("far")))
    );
    assert_eq!(
        (told.fault, told.alert.as_deref(), told.alert_by),
        (
            TlsFault::WrongName,
            Some("bad_certificate"),
            Some(AlertSender::Edge)
        )
    );
    assert_eq!(
        told.error,
        "the peer's certificate is for elsewhere.test, not for far.test"
    );
    assert_eq!(told.versions_theirs.as_deref(), Some("1.3"));
    let log = far.live.stop().await;
    control.abort();
    let failed = facts(&log)
        .await
        .into_values()
        .flatten()
        .find_map(|fact| match fact {
            Observation::LegFailed(failed) => Some(failed.failure),
            _ => None,
        });
    let Some(LegFailure::Unreachable { error }) = failed else {
        panic!("{failed:?}")
    };
    assert!(error.contains("TLS failed"), "{error}");
}

#[tokio::test]
async fn a_peer_without_tls_is_told_as_that() {
    let far = Far::new("127.82.8.1").await;
    let control = start(far.live.log.clone(), dial);
    let mut caller = far.call().await;
    let (stream, _): (TcpStream, _) = far.listener.accept().await.unwrap();
    let here = stream.local_addr().unwrap();
    let mut plain = Line::over(stream, "TCP", here);
    plain.say(b"SIP/2.0 400 Bad Request\r\n\r\n").await;
    caller.hear_status(502).await;
    assert_eq!(
        refusal(&far.live).await.error,
        "the peer speaks SIP without TLS"
    );
    far.live.stop().await;
    control.abort();
}
