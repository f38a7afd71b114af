//! Proof: what is hashed to show that somebody knows a password (RFC 7616 §3.4).

use std::fmt;

use subtle::ConstantTimeEq;

use super::algorithm::Algorithm;

/// H(A1): the hash of user, realm and password, worth as much as the password; `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Ha1(Box<str>);

impl Ha1 {
    pub(super) fn new(algorithm: Algorithm, user: &str, realm: &str, password: &str) -> Self {
        Ha1(algorithm.hash(&[user, realm, password]).into())
    }

    /// Takes one that was computed elsewhere: as many hexadecimal digits as the hash has.
    pub(super) fn of_digits(algorithm: Algorithm, digits: &str) -> Option<Self> {
        let fits = digits.len() == algorithm.digits()
            && digits.bytes().all(|octet| octet.is_ascii_hexdigit());
        // The digits themselves are hashed, and everybody else writes them in lower case.
        fits.then(|| Ha1(digits.to_ascii_lowercase().into()))
    }
}

impl fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ha1(…)")
    }
}

/// What one request proves with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Proof<'a> {
    pub algorithm: Algorithm,
    pub nonce: &'a str,
    /// None for a peer of RFC 2069.
    pub count: Option<Count<'a>>,
    pub method: &'a str,
    pub uri: &'a str,
}

/// How often the nonce was used, and what the client added to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count<'a> {
    /// Eight hexadecimal digits, as sent.
    pub digits: &'a str,
    pub cnonce: &'a str,
}

impl Proof<'_> {
    /// The value of `response`.
    pub(super) fn response(&self, ha1: &Ha1) -> String {
        let ha2 = self.algorithm.hash(&[self.method, self.uri]);
        match self.count {
            None => self.algorithm.hash(&[&ha1.0, self.nonce, &ha2]),
            Some(Count { digits, cnonce }) => {
                let parts = [&*ha1.0, self.nonce, digits, cnonce, "auth", &ha2];
                self.algorithm.hash(&parts)
            }
        }
    }

    /// Whether `response` is right, in a time that does not depend on where it is wrong.
    pub(super) fn is_proven_by(&self, ha1: &Ha1, response: &str) -> bool {
        let given = response.to_ascii_lowercase();
        self.response(ha1).as_bytes().ct_eq(given.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(proof: Proof<'_>, [user, realm, password]: [&str; 3], response: &str) {
        let ha1 = Ha1::new(proof.algorithm, user, realm, password);
        assert_eq!(proof.response(&ha1), response);
        assert!(proof.is_proven_by(&ha1, &response.to_ascii_uppercase()));
        assert!(!proof.is_proven_by(&ha1, &response[1..]));
        assert!(!proof.is_proven_by(&Ha1::new(proof.algorithm, user, realm, ""), response));
        assert_eq!(format!("{ha1:?}"), "Ha1(…)");
    }

    /// RFC 2617 §3.5; without count and cnonce it is the one of RFC 2069 with the same password.
    #[test]
    fn md5_as_in_rfc_2617() {
        let mut proof = Proof {
            algorithm: Algorithm::Md5,
            nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            count: Some(Count {
                digits: "00000001",
                cnonce: "0a4f113b",
            }),
            method: "GET",
            uri: "/dir/index.html",
        };
        let mufasa = ["Mufasa", "testrealm@host.com", "Circle Of Life"];
        check(proof, mufasa, "6629fae49393a05397450978507c4ef1");
        proof.count = None;
        check(proof, mufasa, "670fd8c2df070c60b045671b8b24ff02");
    }

    /// RFC 7616 §3.9.1, which RFC 8760 takes over for SIP.
    #[test]
    fn md5_and_sha_256_as_in_rfc_7616() {
        for (algorithm, response) in [
            (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (
                Algorithm::Sha256,
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let proof = Proof {
                algorithm,
                nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
                count: Some(Count {
                    digits: "00000001",
                    cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
                }),
                method: "GET",
                uri: "/dir/index.html",
            };
            let mufasa = ["Mufasa", "http-auth@example.org", "Circle of Life"];
            check(proof, mufasa, response);
        }
    }

    /// RFC 7616 §3.9.2 with the response of its erratum 4897: the printed one is of another hash.
    #[test]
    fn sha_512_256_as_in_the_erratum_of_rfc_7616() {
        let proof = Proof {
            algorithm: Algorithm::Sha512_256,
            nonce: "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
            count: Some(Count {
                digits: "00000001",
                cnonce: "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
            }),
            method: "GET",
            uri: "/doe.json",
        };
        check(
            proof,
            ["Jäsøn Doe", "api@example.org", "Secret, or not?"],
            "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5",
        );
    }

    #[test]
    fn a_hash_computed_elsewhere_must_have_the_length_of_its_algorithm() {
        let digits = "939e7578ed9e3c518a452acee763bce9";
        let made = Ha1::new(
            Algorithm::Md5,
            "Mufasa",
            "testrealm@host.com",
            "Circle Of Life",
        );
        let taken = Ha1::of_digits(Algorithm::Md5, &digits.to_ascii_uppercase());
        assert_eq!(taken, Some(made));
        assert_eq!(Ha1::of_digits(Algorithm::Sha256, digits), None);
        assert_eq!(Ha1::of_digits(Algorithm::Md5, &"x".repeat(32)), None);
    }
}
