//! The user context of custom pages: what opens, and that nothing tells why something did not.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ghl_client::sso::{SharedSecret, UserContext, UserRole, UserType};
use ghl_client::{Error, ErrorKind};
use proptest::prelude::*;

const SECRET: &str = "made-up-shared-secret-0001";

// `CryptoJS.AES.encrypt(JSON.stringify(…), secret).toString()` of crypto-js 4.2.0.
const AGENCY: &str = "U2FsdGVkX1+tcwbYPszCrnjJ2lf77Eg61cWvO4hmFHuXFaQyoKuAca/jmKo6kzlP8eAlh2AS0iHxMx3fksqBcs9prSZ5\
    ka39VdN4YsK6duaicOd0KRnw77LGh6KVrmBTToh0XRIS9S2s/YX/CLsKHL3Bd9e3SDIQXMjvu43QBHNkJUrRKry/9b5uscm9/J1Y";
const LOCATION: &str = "U2FsdGVkX1+9B1K9kRlGhNTABzaOfVF2L8Dc3seJE1Tmstid+d1Bo3COFx3M0v7ljHdkWY/T1h9N8jF+3sq2fAr4rdkW\
    pWV4OO/YJukKWXw5bEKbF0+YHj79SNOzsMxkfMYP+MY28WKsspe0LvYCIwqwitWSeDA08EXdGprZAVdC8NQ/M22Cx3yZ3wS88wGJbEU+NG9xIAG+\
    FJnhkHOiaMMHN756s/sm4eKyexhjpNc=";
/// The context of `AGENCY` under the secret `pässwörd-ünïcode`.
const UMLAUTS: &str = "U2FsdGVkX186IlJMA1vhTxNVat27hNU+cp0Md2XmY3dB1NphZC1jSfqPToQQzkYbKv5Ckmb5LFgMjh2omVnIk74L47T6\
    iJ1+FaUrx4BohHbQHR1H4bVjr174+zakJbg26IT134+DfMuN9PAB20VrIgdakaV8MHSXqro63MGMBcLNhIqKPFPuB/FG+63owFbx";
/// `{"userId":7,"role":"auditor","type":"partner","activeLocation":null}`.
const STRANGE: &str = "U2FsdGVkX1/NlDemIP4/rnnqPJZKOb/DmIT+Vhej3AEzjEbszeB97/8EVI+qBZAkd34+ejU+7th24NGcRWdCxv8GWjlq\
    IhPKG78HnPZYZLj8HPjA3LLB6W9CvAlOAGEe";
/// Under the empty secret.
const EMPTY_SECRET: &str = "U2FsdGVkX18fM8dUm6R+VlF2gsjpE3r+wQpLd5l6wAlugj/LR4T3ezJZpptZzd/V";

// `printf %s '…' | openssl enc -aes-256-cbc -md md5 -salt -k made-up-shared-secret-0001 -a -A` of OpenSSL 3.0.19.
const COMPANY_USER_IN_LOCATION: &str = "U2FsdGVkX1+NZddZsJx+VrMlnc/bW4PRnEJuFKwW+dVvcaqaKDpTd4gbSC2gNhDSvvtHuiA0azn\
    pZO1Re1zzFlc+Q6UaL5kn0QwLzcpShl1rMqe6eS4Dk/1O51QkYQ9N67ueWDAboyPm9nOTmfmLxLKWE62z+gm7hk+uBB1ZjpS76p17dSC+EgjFNq3\
    fwyTWv4EwgttL5tkW9Qygc1YUYw==";
/// `jane@example.com signed in`.
const NOT_JSON: &str = "U2FsdGVkX19yM0oRG5PzVR3Suj0ig49k71AinSAEZ2aMHI2lKk9CQGdlsXWr7NH7";
/// `null`.
const NULL: &str = "U2FsdGVkX189EulHTHPgU3kL4/eDgCFmFws7NKHkA7M=";
/// `["use1","com1"]`.
const LIST: &str = "U2FsdGVkX1/dFP7njorXDep2kXeCFLS2QCBq2s5XI3g=";
/// `{"companyId":"com1","userName":"Jane Sample"}`.
const NO_USER: &str =
    "U2FsdGVkX1+Bb6SMG/P2eWgR1seqc7et200Er0b11t1Jf4jQaICDetP4EW7R5XOtAbeK2lyvDNkQ6Ch8vuDfhA==";
/// `{"userId":"","email":"jane@example.com"}`.
const EMPTY_USER: &str =
    "U2FsdGVkX1/elKDaipwe3zllYze6HM5QP9DWhnKsnWr664bWMO2GKrljz2B99waBJTJ6KtnX7dswwGTV306Xrw==";
/// `{"userId":"use1","x":"…"}` with the bytes ff fe for the value of `x`.
const NOT_UTF8: &str = "U2FsdGVkX18RNE4fYUMHMiWtoE9uCKXyzcl9o0gk+A22ouo/qiqchIt2AAyf+geM";
/// `{"userId":"use1"}` with `-md sha256`, which OpenSSL does by itself.
const OTHER_DIGEST: &str = "U2FsdGVkX1/tbwBQsfqnNVwu3EKsuw42Hpp2geDHt2BMtxTvVEPYob8CGanPZFQO";

/// The same with `-nopad`: `{"userId":"us1"}` alone, with 32 spaces behind it, `{"userId":"u1"}` with a line end, and the
/// first with 15 spaces and the byte 16.
const NOT_PADDED: [&str; 4] = [
    "U2FsdGVkX1+ZcGB7qauDqXolRj10AB0EztvWR08a608=",
    "U2FsdGVkX18R2ldo74/IpXiSysc+RLvxpp8MckV9n+xBU5mHtvzmNRolrCeaYWKpHd4JxvIo9sCHLqwsuFMc7g==",
    "U2FsdGVkX18iI1qkjn9mV/23fnFEaN070fA5om8y/wQ=",
    "U2FsdGVkX1/e3cWtttwA46UVFCVt2354VHMKcCi5MU2NpxBCNy1SVPg4FpTTL67Y",
];

fn decrypt(encrypted: &str, secret: &str) -> Result<UserContext, Error> {
    UserContext::decrypt(encrypted, [&SharedSecret::from(secret)])
}

fn sealed(encrypted: &str) -> Vec<u8> {
    STANDARD.decode(encrypted).unwrap()
}

#[test]
fn what_cryptojs_encrypts_is_read() {
    let user = decrypt(AGENCY, SECRET).unwrap();
    assert_eq!(user.user_id.as_str(), "use1");
    assert_eq!(user.company_id.as_ref().unwrap().as_str(), "com1");
    assert_eq!(user.role, Some(UserRole::Admin));
    assert_eq!(user.user_type, Some(UserType::Agency));
    assert_eq!(user.active_location, None);
    assert_eq!(user.user_name.as_deref(), Some("Jane Sample"));
    assert_eq!(user.email.as_deref(), Some("jane@example.com"));

    let user = decrypt(LOCATION, SECRET).unwrap();
    assert_eq!(user.active_location.as_ref().unwrap().as_str(), "loc1");
    assert_eq!(user.user_type, Some(UserType::Location));
    assert_eq!(user.user_name.as_deref(), Some("Zoë Müller"));

    assert_eq!(
        decrypt(UMLAUTS, "pässwörd-ünïcode").unwrap(),
        decrypt(AGENCY, SECRET).unwrap()
    );
}

#[test]
fn what_openssl_encrypts_is_read() {
    let user = decrypt(COMPANY_USER_IN_LOCATION, SECRET).unwrap();
    assert_eq!(user.user_type, Some(UserType::Agency));
    assert_eq!(user.active_location.unwrap().as_str(), "loc1");
    let lines = COMPANY_USER_IN_LOCATION.as_bytes().chunks(64);
    let lines: Vec<_> = lines.map(|l| std::str::from_utf8(l).unwrap()).collect();
    assert!(decrypt(&lines.join("\r\n"), SECRET).is_ok(), "in lines");
}

#[test]
fn what_is_not_documented_is_read_too() {
    let user = decrypt(STRANGE, SECRET).unwrap();
    assert_eq!(user.user_id.as_str(), "7");
    assert_eq!(user.role.unwrap().as_str(), "auditor");
    assert_eq!(user.user_type.unwrap().as_str(), "partner");
    assert_eq!((user.active_location, user.company_id), (None, None));
}

#[test]
fn a_new_secret_can_be_added_before_the_old_one_goes() {
    let (new, old) = (SharedSecret::from("new"), SharedSecret::from(SECRET));
    assert!(UserContext::decrypt(AGENCY, [&new, &old]).is_ok());
    assert!(UserContext::decrypt(AGENCY, [&new]).is_err());
    assert!(UserContext::decrypt(AGENCY, []).is_err());
}

#[test]
fn every_failure_looks_the_same() {
    let text = |bytes: &[u8]| STANDARD.encode(bytes);
    let genuine = sealed(AGENCY);
    let mut no_magic = genuine.clone();
    no_magic[0] = b's';
    let mut other_salt = genuine.clone();
    other_salt[8] ^= 1;
    // The last byte of the block before the last decides about the padding.
    let mut bad_padding = genuine.clone();
    let place = bad_padding.len() - 17;
    bad_padding[place] ^= 0x55;
    let cases = [
        (String::new(), SECRET),
        ("%%% not base64 %%%".into(), SECRET),
        (AGENCY.trim_end_matches('Y').into(), SECRET),
        (text(b"Salted__"), SECRET),
        (text(b"Salted__saltsalt"), SECRET),
        (text(b"Salted__saltsalt123456789012345"), SECRET),
        (text(&[7; 64]), SECRET),
        (text(&genuine[..genuine.len() - 1]), SECRET),
        (text(&genuine[..genuine.len() - 16]), SECRET),
        (text(&no_magic), SECRET),
        (text(&other_salt), SECRET),
        (text(&bad_padding), SECRET),
        (AGENCY.into(), "another-secret"),
        (AGENCY.into(), ""),
        (EMPTY_SECRET.into(), ""),
        (NOT_JSON.into(), SECRET),
        (NULL.into(), SECRET),
        (LIST.into(), SECRET),
        (NO_USER.into(), SECRET),
        (EMPTY_USER.into(), SECRET),
        (NOT_UTF8.into(), SECRET),
        (OTHER_DIGEST.into(), SECRET),
        ("A".repeat(70_000), SECRET),
    ];
    let not_padded = NOT_PADDED.map(|encrypted| (encrypted.to_owned(), SECRET));
    let cases = cases.into_iter().chain(not_padded);
    let looks = |error: Error| {
        assert_eq!(error.kind(), ErrorKind::Crypto);
        assert!(std::error::Error::source(&error).is_none());
        format!("{error} {error:?}")
    };
    let expected = looks(decrypt("", SECRET).unwrap_err());
    for (encrypted, secret) in cases {
        let error = decrypt(&encrypted, secret).unwrap_err();
        assert_eq!(looks(error), expected, "{encrypted}");
    }
    for part in ["jane", "example.com", SECRET, "padding", "base64", "JSON"] {
        assert!(!expected.contains(part), "{expected}");
    }
}

#[test]
fn a_flipped_bit_before_the_user_is_refused() {
    // It garbles the first block, `{"userId":"use1"`, and with it the JSON.
    for bit in 0..128 {
        let mut changed = sealed(AGENCY);
        changed[16 + bit / 8] ^= 1 << (bit % 8);
        assert!(
            decrypt(&STANDARD.encode(&changed), SECRET).is_err(),
            "{bit}"
        );
    }
}

#[test]
fn debug_shows_neither_secret_nor_person() {
    let secret = SharedSecret::from(SECRET);
    let user = UserContext::decrypt(AGENCY, [&secret]).unwrap();
    let shown = format!("{secret:?} {user:?} {user:#?}");
    for part in [SECRET, "Jane", "jane", "example.com"] {
        assert!(!shown.contains(part), "{shown}");
    }
    assert!(shown.contains("use1"), "{shown}");
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in ".*") {
        let mut sealed = b"Salted__".to_vec();
        sealed.extend(&bytes);
        for encrypted in [STANDARD.encode(&bytes), STANDARD.encode(&sealed), text] {
            prop_assert!(decrypt(&encrypted, SECRET).is_err());
        }
    }
}
