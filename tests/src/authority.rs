//! An authority that signs certificates for the proofs, made by OpenSSL.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The authority.
pub struct Authority {
    folder: PathBuf,
    name: &'static str,
    /// Its own certificate.
    pub file: String,
}

impl Authority {
    /// One that keeps its files in that folder.
    pub fn new(folder: &Path, name: &'static str) -> Authority {
        let file = |end: &str| {
            folder
                .join(format!("{name}.{end}"))
                .to_str()
                .unwrap()
                .to_owned()
        };
        let (own, key) = (file("pem"), file("key"));
        let subject = format!("/CN={name}");
        run(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            &subject,
            "-keyout",
            &key,
            "-out",
            &own,
        ]);
        Authority {
            folder: folder.to_owned(),
            name,
            file: own,
        }
    }

    /// A certificate for a name that ends in so many days, and its key.
    pub fn sign(&self, name: &str, days: i32) -> (String, String) {
        let file = |end: &str| {
            let file = format!("{}-{name}-{days}.{end}", self.name);
            self.folder
                .join(file)
                .to_str()
                .expect("a path is text")
                .to_owned()
        };
        let (own, key, request) = (file("pem"), file("key"), file("csr"));
        let names = format!("subjectAltName=DNS:{name}");
        run(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=own",
            "-addext",
            &names,
            "-keyout",
            &key,
            "-out",
            &request,
        ]);
        let authority = self.file.replace(".pem", ".key");
        let days = days.to_string();
        run(&[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            &self.file,
            "-CAkey",
            &authority,
            "-copy_extensions",
            "copy",
            "-days",
            &days,
            "-out",
            &own,
        ]);
        (own, key)
    }
}

fn run(arguments: &[&str]) {
    let made = Command::new("openssl").args(arguments).output();
    let made = made.expect("openssl can be started");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
}
