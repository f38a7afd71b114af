//! Kamailio: a registrar and proxy that others wrote, with one account in its configuration.

use std::fs;
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::process::Process;
use crate::{ports, wait};

/// The user that registers, the name that it proves itself by, and its password.
pub const USER: &str = "4930123";
/// The name that authenticates.
pub const AUTH_USER: &str = "auth-4930123";
/// The password.
pub const PASSWORD: &str = "kamailio's secret";

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running Kamailio.
pub struct Kamailio {
    port: u16,
    process: Process,
    _folder: TempDir,
}

impl Kamailio {
    /// Takes registrations, hands calls to whoever is registered, and calls to `agent` from who knows the password to a
    /// phone at that port. It is `out.test`, too.
    pub fn start(agent: u16) -> Kamailio {
        Kamailio::start_with(agent, |_| String::new())
    }

    /// The same, which speaks TLS as well. It shows this certificate, and talks only to who shows one of that authority's.
    pub fn start_by_tls(
        agent: u16,
        (certificate, key): &(String, String),
        authority: &str,
    ) -> Kamailio {
        Kamailio::start_with(agent, |port| {
            format!(
                r#"enable_tls=yes
listen=tls:127.0.0.1:{}
loadmodule "tls.so"
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "certificate", "{certificate}")
modparam("tls", "private_key", "{key}")
modparam("tls", "ca_list", "{authority}")
modparam("tls", "verify_certificate", 1)
modparam("tls", "require_certificate", 1)
"#,
                port + 1
            )
        })
    }

    fn start_with(agent: u16, more: impl FnOnce(u16) -> String) -> Kamailio {
        let folder = tempfile::tempdir().expect("a folder");
        let port = ports::free(2);
        let file = folder.path().join("kamailio.cfg");
        let text = configuration(port, agent, &more(port));
        fs::write(&file, text).expect("a file can be written");
        let mut command = Command::new("kamailio");
        command
            .args(["-DD", "-E", "-m", "32", "-M", "8", "-f"])
            .arg(&file)
            .arg("-Y")
            .arg(folder.path())
            .arg("-w")
            .arg(folder.path());
        let process = Process::start("kamailio", &mut command, &folder.path().join("log"));
        let up = wait::until(PATIENCE, || TcpStream::connect(("127.0.0.1", port)).ok());
        assert!(
            up.is_some(),
            "kamailio did not start:\n{}",
            process.output()
        );
        Kamailio {
            port,
            process,
            _folder: folder,
        }
    }

    /// The port on which it speaks TLS.
    pub fn tls_port(&self) -> u16 {
        self.port + 1
    }

    /// The port on which it speaks SIP, by UDP and TCP.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits until it said this.
    pub fn says(&self, text: &str) {
        let said = wait::until(PATIENCE, || {
            self.process.output().contains(text).then_some(())
        });
        assert!(
            said.is_some(),
            "kamailio did not say {text:?}:\n{}",
            self.process.output()
        );
    }
}

/// Credentials stand in the configuration (`pv_auth_check`), bindings in memory (`usrloc`).
fn configuration(port: u16, agent: u16, more: &str) -> String {
    format!(
        r#"#!KAMAILIO
debug=2
log_stderror=yes
children=2
tcp_children=2
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.1:{port}
listen=tcp:127.0.0.1:{port}
alias="out.test"
alias="carrier.test"
{more}loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
modparam("usrloc", "db_mode", 0)
modparam("registrar", "max_expires", 120)
modparam("auth", "algorithm", "MD5")
modparam("rr", "append_fromtag", 1)

request_route {{
    if (is_method("REGISTER")) {{
        if ($au != "{AUTH_USER}" || !pv_www_authenticate("kamailio.test", "{PASSWORD}", "0")) {{
            www_challenge("kamailio.test", "1");
            exit;
        }}
        xlog("L_ALERT", "bound $tU expires=$hdr(Expires) by $proto\n");
        save("location");
        exit;
    }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    if (has_totag()) {{
        if (loose_route()) {{ t_relay(); exit; }}
        if (is_method("ACK") && t_check_trans()) t_relay();
        exit;
    }}
    if (is_present_hf("Route")) xlog("L_ALERT", "routed $rU\n");
    loose_route();
    if (is_method("INVITE")) record_route();
    if ($rU == "agent") {{
        if ($au != "{AUTH_USER}" || !pv_proxy_authenticate("kamailio.test", "{PASSWORD}", "0")) {{
            proxy_challenge("kamailio.test", "1");
            exit;
        }}
        consume_credentials();
        $du = "sip:127.0.0.1:{agent}";
        t_relay();
        exit;
    }}
    if (!lookup("location")) {{
        sl_send_reply("404", "Nobody Registered");
        exit;
    }}
    t_relay();
}}
"#
    )
}

/// Its workers outlive the process that watches over them if that is ended without being asked.
impl Drop for Kamailio {
    fn drop(&mut self) {
        if self.process.runs() {
            self.process.terminate();
            self.process.end(Duration::from_secs(5));
        }
    }
}
