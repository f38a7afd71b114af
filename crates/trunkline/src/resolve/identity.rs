//! What the file says of accounts, logins and passwords.

use std::path::{Path, PathBuf};

use edge::{Asked, Digest, Login, Offer, RequestUri};
use sip::digest::{Algorithm, Credential, Credentials, Secret};
use sip::registration::Account;

use super::transport::{beside, host_of};
use crate::configuration as file;
use crate::fault::{Fault, Source};

/// Where the password of an account or a login may be written.
struct Places<'a> {
    file: &'a Option<PathBuf>,
    variable: &'a Option<String>,
    text: &'a Option<file::Password>,
}

/// How the edge asks for credentials.
pub(super) fn digest(
    written: &file::Digest,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Digest {
    let mut digest = Digest::default();
    if let Some(realm) = &written.realm {
        digest.realm.clone_from(realm);
    }
    if let Some(names) = &written.algorithms {
        digest.algorithms = algorithms("edge.digest.algorithms", names, source, faults);
    }
    digest
}

/// Hashes by their names, each once.
fn algorithms(
    key: &str,
    names: &[String],
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<Algorithm> {
    let mut algorithms = Vec::new();
    for name in names {
        match Algorithm::parse(name) {
            Ok(algorithm) if algorithms.contains(&algorithm) => {}
            Ok(algorithm) => algorithms.push(algorithm),
            Err(_) => faults.push(source.fault(
                key,
                format!("{name:?} is no hash that the edge knows"),
                r#"algorithms = ["SHA-256", "MD5"]; SHA-512-256 is known as well"#,
            )),
        }
    }
    algorithms
}

/// What legs through a trunk answer challenges with.
pub(super) fn account(
    name: &str,
    written: &file::Trunk,
    path: &Path,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Credentials {
    let Some(account) = &written.account else {
        return Credentials::none();
    };
    let key = format!("trunk.{name}.account");
    let places = Places {
        file: &account.password_file,
        variable: &account.password_env,
        text: &account.password,
    };
    let Some(password) = password(&key, &places, path, source, faults) else {
        return Credentials::none();
    };
    let user = account.auth_user.as_deref().unwrap_or(&account.user);
    let secret = Secret::Password(password.into());
    let credentials = Credential::new(account.realm.as_deref(), user, secret)
        .and_then(|credential| Credentials::new(vec![credential]));
    credentials.unwrap_or_else(|error| {
        let instead = r#"account = { user = "4930123", password_file = "carrier.password" }"#;
        faults.push(source.fault(&key, error.to_string(), instead));
        Credentials::none()
    })
}

/// What a trunk proves itself by.
pub(super) fn login(
    name: &str,
    written: &file::Trunk,
    path: &Path,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Option<Login> {
    let login = written.login.as_ref()?;
    let key = format!("trunk.{name}.login");
    let places = Places {
        file: &login.password_file,
        variable: &login.password_env,
        text: &login.password,
    };
    let password = password(&key, &places, path, source, faults)?;
    let offer = match (&login.algorithms, &login.domain) {
        (Some(names), domain) => Some(Offer {
            algorithms: algorithms(&format!("{key}.algorithms"), names, source, faults),
            domain: domain.clone(),
        }),
        (None, None) => None,
        (None, Some(_)) => {
            let why = "a domain says who is offered other algorithms, and there are none";
            let instead = r#"algorithms = ["MD5"] beside the domain, or no domain"#;
            faults.push(source.fault(&key, why, instead));
            None
        }
    };
    Some(Login {
        user: login.user.clone(),
        secret: Secret::Password(password.into()),
        asked: match login.asked {
            file::Asked::Strangers => Asked::OfStrangers,
            file::Asked::Always => Asked::Always,
        },
        offer,
    })
}

/// Whom calls to a trunk name that registers here.
pub(super) fn request_uri(
    name: &str,
    written: &file::Trunk,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> RequestUri {
    if written.request_uri.is_some() && !written.registers {
        let why = "only calls to a trunk that registers here may name its Contact";
        let instead = "registers = true as well, or no request_uri: the number is named";
        faults.push(source.fault(&format!("trunk.{name}.request_uri"), why, instead));
    }
    match written.request_uri {
        None | Some(file::RequestUri::Contact) => RequestUri::Contact,
        Some(file::RequestUri::Number) => RequestUri::Number,
    }
}

/// Where and as whom we register at a trunk.
pub(super) fn registration(
    name: &str,
    written: &file::Trunk,
    credentials: &Credentials,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Option<Account> {
    let register = written.register.as_ref()?;
    let key = format!("trunk.{name}.register");
    let Some(account) = &written.account else {
        let instead =
            r#"account = { user = "4930123", password_file = "carrier.password" } as well"#;
        faults.push(source.fault(&key, "nobody can be registered without an account", instead));
        return None;
    };
    let registrar = register.registrar.as_deref().map(uri);
    let target = written.target.as_deref();
    let at_target = target.map(|target| format!("sip:{}", bracketed(host_of(target))));
    let Some(registrar) = registrar.or(at_target) else {
        let instead = r#"registrar = "sip:carrier.example", or a target for the trunk"#;
        faults.push(source.fault(&key, "it does not say where", instead));
        return None;
    };
    let (user, host) = (&account.user, bracketed(host_of(&registrar)));
    let address = format!("<sip:{user}@{host}>");
    let contact_user = register.contact_user.as_deref().unwrap_or(user);
    let mut resolved = Account {
        outbound_proxy: written.proxy.as_deref().or(target).map(|to| uri(to).into()),
        contact_user: Some(contact_user.into()),
        credentials: credentials.clone(),
        ..Account::new(registrar, address)
    };
    if let Some(seconds) = register.expires_s {
        resolved.expires_s = seconds;
    }
    Some(resolved)
}

/// The URI that a person means who leaves `sip:` out.
pub(super) fn uri(text: &str) -> String {
    let has_scheme = ["sip:", "sips:"].iter().any(|scheme| {
        let start = text.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    match has_scheme {
        true => text.to_owned(),
        false => format!("sip:{text}"),
    }
}

/// A host as a URI has it.
fn bracketed(host: &str) -> String {
    match host.contains(':') {
        true => format!("[{host}]"),
        false => host.to_owned(),
    }
}

/// The password, from the one place where it is written.
fn password(
    key: &str,
    places: &Places<'_>,
    path: &Path,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Option<String> {
    let found = match (places.file, places.variable, places.text) {
        (Some(file), None, None) => {
            let file = beside(path, file);
            let read = std::fs::read_to_string(&file);
            read.map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
                .map_err(|error| {
                    (
                        "password_file",
                        format!("{} cannot be read: {error}", file.display()),
                        "the file of the password and of nothing else, readable by this process",
                    )
                })
        }
        (None, Some(variable), None) => variable_of(variable).map_err(|wrong| {
            let instead = "the name of a variable that is set before the start";
            ("password_env", wrong, instead)
        }),
        (None, None, Some(text)) => Ok(text.reveal().to_owned()),
        (None, None, None) => Err((
            "",
            "it has no password".to_owned(),
            r#"password_file = "carrier.password", or password_env = "CARRIER_PASSWORD""#,
        )),
        _ => Err((
            "",
            "its password stands in two places".to_owned(),
            "one of password_file, password_env and password",
        )),
    };
    let found = found.and_then(|text| match text.is_empty() {
        true => Err(("", "its password is empty".to_owned(), "a password")),
        false => Ok(text),
    });
    match found {
        Ok(text) => Some(text),
        Err((part, wrong, instead)) => {
            let key = match part {
                "" => key.to_owned(),
                part => format!("{key}.{part}"),
            };
            faults.push(source.fault(&key, wrong, instead));
            None
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a password that stands in no file comes by the environment"
)]
pub(super) fn variable_of(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|error| match error {
        std::env::VarError::NotPresent => format!("the environment has no {name}"),
        std::env::VarError::NotUnicode(_) => format!("{name} is no text"),
    })
}

#[cfg(test)]
mod tests {
    use super::super::resolve;
    use super::*;

    fn with(trunk: &str) -> Result<edge::Configuration, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("one.password"), "from-file\n").unwrap();
        let text = format!("[trunk.one]\n{trunk}\n[number.\"*\"]\nagent = \"echo\"\n");
        let path = folder.path().join("trunkline.toml");
        match resolve(&path, &text) {
            Ok(resolved) => Ok(resolved.edge),
            Err(faults) => Err(faults.to_string()),
        }
    }

    #[test]
    fn a_password_comes_from_one_place_and_is_never_shown() {
        let sources = "sources = [\"192.0.2.1\"]\n";
        let account = |password: &str| {
            with(&format!(
                "{sources}account = {{ user = \"u\", auth_user = \"a\", {password} }}"
            ))
        };
        for good in [
            "password_file = \"one.password\"",
            "password = \"hunter2\"",
            "password_env = \"PATH\"",
        ] {
            let edge = account(good).unwrap();
            assert!(!edge.trunks[0].credentials.is_empty());
            let shown = format!("{edge:?}");
            assert!(!shown.contains("hunter2") && !shown.contains("from-file"));
        }
        let wrong = [
            ("realm = \"r\"", "it has no password"),
            (
                "password_file = \"two.password\"",
                "two.password cannot be read",
            ),
            (
                "password_env = \"TRUNKLINE_NO_SUCH\"",
                "the environment has no TRUNKLINE_NO_SUCH",
            ),
            (
                "password = \"hunter2\", password_env = \"PATH\"",
                "in two places",
            ),
            ("password = 12345678", "a text in quotes, not a number"),
            ("password = \"hunter2\", pasword = 1", "unknown field"),
        ];
        for (bad, told) in wrong {
            let error = account(bad).unwrap_err();
            assert!(error.contains(told), "{error}");
            assert!(error.contains("trunkline.toml:3:"), "{error}");
            assert!(
                !error.contains("hunter2") && !error.contains("12345678"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_registration_follows_from_account_and_target() {
        let account = "account = { user = \"49301\", password_file = \"one.password\" }\n";
        let registered = |rest: &str| {
            let mut edge = with(&format!("{account}{rest}")).unwrap();
            edge.trunks.remove(0).registration.unwrap()
        };
        let one = registered("target = \"pbx.example:5070;transport=tcp\"\nregister = {}");
        assert_eq!(&*one.registrar, "sip:pbx.example");
        assert_eq!(&*one.address, "<sip:49301@pbx.example>");
        assert_eq!(one.next_hop(), "sip:pbx.example:5070;transport=tcp");
        assert_eq!(one.contact_user.as_deref(), Some("49301"));
        let two = registered(
            "proxy = \"sip:out.example;lr\"\n[trunk.one.register]\nregistrar = \"sip:[2001:db8::1]\"\nexpires_s = 600",
        );
        assert_eq!(&*two.address, "<sip:49301@[2001:db8::1]>");
        assert_eq!((two.next_hop(), two.expires_s), ("sip:out.example;lr", 600));
        let told = with(&format!("{account}register = {{}}")).unwrap_err();
        assert!(told.contains("it does not say where"), "{told}");
        let told = with("target = \"pbx\"\nregister = {}").unwrap_err();
        assert!(told.contains("without an account"), "{told}");
        let told = with(&format!(
            "{account}target = \"pbx\"\nregister = {{ expires_s = 0 }}"
        ));
        let told = told.unwrap_err();
        assert!(told.contains("trunk.one.register"), "{told}");
    }

    #[test]
    fn a_contact_is_named_or_the_number_and_only_where_there_is_one() {
        let registers =
            "registers = true\nlogin = { user = \"b\", password_file = \"one.password\" }\n";
        let of = |rest: &str| with(&format!("{registers}{rest}")).unwrap().trunks[0].request_uri;
        assert_eq!(of(""), RequestUri::Contact);
        assert_eq!(of("request_uri = \"number\""), RequestUri::Number);
        let told = with("sources = [\"192.0.2.1\"]\nrequest_uri = \"number\"").unwrap_err();
        assert!(told.contains("registers = true"), "{told}");
    }

    #[test]
    fn a_trunk_needs_an_address_or_a_login() {
        let login = "login = { user = \"branch\", password_file = \"one.password\" }";
        let edge = with(login).unwrap();
        assert_eq!(
            edge.trunks[0].login.as_ref().unwrap().asked,
            Asked::OfStrangers
        );
        let error = with("codecs = [\"PCMA\"]").unwrap_err();
        assert!(error.contains("has no sources"), "{error}");
        assert!(error.contains("login"), "{error}");
        let old = login.replace("user =", "algorithms = [\"MD5\", \"MD5\"], user =");
        let error = with(&old).unwrap_err();
        assert!(error.contains("name the `domain`"), "{error}");
        let old = old.replace("user =", "domain = \"old.example\", user =");
        let offer = with(&old).unwrap().trunks[0].login.clone().unwrap().offer;
        let offer = offer.unwrap();
        assert_eq!(offer.algorithms, [Algorithm::Md5]);
        let second = old
            .replace("branch", "other")
            .replace("\"MD5\", \"MD5\"", "\"SHA-256\"");
        let error = with(&format!("{old}\n[trunk.second]\n{second}")).unwrap_err();
        assert!(
            error.contains("different algorithms for the domain"),
            "{error}"
        );
        let error = with(&login.replace("user =", "domain = \"old.example\", user =")).unwrap_err();
        assert!(error.contains("there are none"), "{error}");
        let digest = "\n[edge.digest]\nalgorithms = [\"SHA-1\"]\n";
        let error = with(&format!("{login}{digest}")).unwrap_err();
        assert!(error.contains("\"SHA-1\" is no hash"), "{error}");
        let digest = "\n[edge.digest]\nrealm = \"\"\n";
        let error = with(&format!("{login}{digest}")).unwrap_err();
        assert!(error.contains("the realm is empty"), "{error}");
    }
}
