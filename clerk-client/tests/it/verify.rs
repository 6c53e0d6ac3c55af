//! What a session token must be.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clerk_client::{Accept, ErrorKind, KeySource, Reason, SessionVerifier};
use jsonwebtoken::{Algorithm, EncodingKey};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{
    ISSUER, KEY, NOW, OTHER, builder, changed, claims, clock, header, message, reason,
};

async fn check(verifier: &SessionVerifier, changes: Value, expected: Option<Reason>) {
    let token = KEY.token(&changes);
    assert_eq!(reason(verifier, &token).await, expected, "{changes}");
}

#[tokio::test]
async fn a_good_token_says_whose_it_is() {
    let verifier = builder().build().unwrap();
    let organization = json!({"id": "org_made_up", "slg": "acme", "rol": "admin", "per": "read"});
    let token =
        KEY.token(&json!({"o": organization, "admin": true, "act": {"sub": "user_helper"}}));
    let claims = verifier.verify(&token).await.unwrap();
    assert_eq!(claims.subject.as_str(), "user_made_up");
    assert_eq!(claims.session.as_ref().unwrap().as_str(), "sess_made_up");
    assert_eq!(
        claims.actor.as_ref().unwrap().subject.as_str(),
        "user_helper"
    );
    assert_eq!(
        claims.organization.as_ref().unwrap().role.as_deref(),
        Some("admin")
    );
    assert!(verifier.is_admin(&claims));
    let old = json!({"org_id": "org_made_up", "org_role": "org:member"});
    let claims = verifier.verify(&KEY.token(&old)).await.unwrap();
    assert_eq!(claims.organization.unwrap().role.as_deref(), Some("member"));
}

#[tokio::test]
async fn all_three_algorithms_of_the_family_and_no_other() {
    let verifier = builder().build().unwrap();
    for algorithm in ["RS256", "RS384", "RS512"] {
        let token = KEY.sign(&changed(header(), &json!({"alg": algorithm})), &claims());
        assert_eq!(reason(&verifier, &token).await, None, "{algorithm}");
    }
    for algorithm in [
        "none", "None", "NONE", "", "HS256", "ES256", "EdDSA", "PS256", "rs256", "RS1",
    ] {
        let token = KEY.sign(&changed(header(), &json!({"alg": algorithm})), &claims());
        assert_eq!(
            reason(&verifier, &token).await,
            Some(Reason::InvalidAlgorithm),
            "{algorithm}"
        );
    }
}

#[tokio::test]
async fn alg_none_without_a_signature_is_refused() {
    let verifier = builder().build().unwrap();
    let unsigned = message(&json!({"alg": "none", "typ": "JWT"}), &claims());
    for token in [format!("{unsigned}."), unsigned.clone()] {
        let refused = reason(&verifier, &token).await.unwrap();
        assert!(
            matches!(refused, Reason::InvalidAlgorithm | Reason::TokenInvalid),
            "{refused}"
        );
    }
}

/// The public key is known to everybody: as the secret of an HMAC it proves nothing.
#[tokio::test]
async fn hs256_with_the_public_key_is_refused() {
    let verifier = builder().build().unwrap();
    for claimed in ["HS256", "RS256"] {
        let unsigned = message(&changed(header(), &json!({"alg": claimed})), &claims());
        let key = EncodingKey::from_secret(KEY.pem().as_bytes());
        let signature =
            jsonwebtoken::crypto::sign(unsigned.as_bytes(), &key, Algorithm::HS256).unwrap();
        let refused = reason(&verifier, &format!("{unsigned}.{signature}"))
            .await
            .unwrap();
        assert!(
            matches!(refused, Reason::InvalidAlgorithm | Reason::InvalidSignature),
            "{refused}"
        );
    }
}

/// The original system asked a method that its library does not have, so that every token was refused, and had a
/// placeholder before that which refused none.
#[tokio::test]
async fn the_unverified_token_path_is_gone() {
    let verifier = builder().build().unwrap();
    assert_eq!(reason(&verifier, &KEY.token(&json!({}))).await, None);
    let forged = OTHER.token(&json!({}));
    assert_eq!(
        reason(&verifier, &forged).await,
        Some(Reason::InvalidSignature)
    );
    // Someone else's claims under a signature that is good for others.
    let good = KEY.token(&json!({}));
    let (_, signature) = good.rsplit_once('.').unwrap();
    let other = message(&header(), &changed(claims(), &json!({"sub": "user_other"})));
    let refused = reason(&verifier, &format!("{other}.{signature}")).await;
    assert_eq!(refused, Some(Reason::InvalidSignature));
}

#[tokio::test]
async fn the_signature_is_judged_before_the_claims() {
    let verifier = builder()
        .authorized_party("https://app.example.com")
        .build()
        .unwrap();
    for changes in [
        json!({"exp": NOW - 3600}),
        json!({"iss": "https://clerk.example.net"}),
        json!({"azp": "https://evil.example.com"}),
        json!({"sid": null}),
        json!({"sub": null}),
    ] {
        let forged = OTHER.token(&changes);
        assert_eq!(
            reason(&verifier, &forged).await,
            Some(Reason::InvalidSignature),
            "{changes}"
        );
    }
}

#[tokio::test]
async fn times_with_five_seconds_of_leeway() {
    let verifier = builder().build().unwrap();
    let exact = builder().leeway(std::time::Duration::ZERO).build().unwrap();
    for (changes, expected) in [
        (json!({"exp": NOW - 4}), None),
        (json!({"exp": NOW - 5}), Some(Reason::Expired)),
        (json!({"exp": NOW - 3600}), Some(Reason::Expired)),
        (json!({"nbf": NOW + 5}), None),
        (json!({"nbf": NOW + 6}), Some(Reason::NotActiveYet)),
        (json!({"iat": NOW + 5}), None),
        (json!({"iat": NOW + 6}), Some(Reason::IssuedInTheFuture)),
        (json!({"nbf": null, "iat": null}), None),
        (json!({"exp": null}), Some(Reason::VerificationFailed)),
        (json!({"exp": "soon"}), Some(Reason::VerificationFailed)),
        (json!({"nbf": "now"}), Some(Reason::VerificationFailed)),
        (json!({"iat": []}), Some(Reason::VerificationFailed)),
        (json!({"exp": 1e300}), Some(Reason::VerificationFailed)),
    ] {
        check(&verifier, changes, expected).await;
    }
    check(&exact, json!({"exp": NOW}), Some(Reason::Expired)).await;
    check(
        &exact,
        json!({"exp": NOW + 1, "iat": NOW, "nbf": NOW}),
        None,
    )
    .await;
    check(&exact, json!({"nbf": NOW + 1}), Some(Reason::NotActiveYet)).await;
}

#[tokio::test]
async fn a_future_nbf_is_refused() {
    let verifier = builder().build().unwrap();
    check(
        &verifier,
        json!({"nbf": NOW + 3600}),
        Some(Reason::NotActiveYet),
    )
    .await;
}

#[tokio::test]
async fn a_wrong_issuer_is_refused() {
    let verifier = builder()
        .issuer("https://second.example.com")
        .build()
        .unwrap();
    for (issuer, expected) in [
        (json!(ISSUER), None),
        (json!("https://second.example.com"), None),
        (
            json!("https://clerk.example.com/"),
            Some(Reason::InvalidIssuer),
        ),
        (
            json!("https://clerk.example.com.evil.example"),
            Some(Reason::InvalidIssuer),
        ),
        (json!(""), Some(Reason::InvalidIssuer)),
        (json!(null), Some(Reason::InvalidIssuer)),
        (json!(7), Some(Reason::VerificationFailed)),
    ] {
        check(&verifier, json!({"iss": issuer}), expected).await;
    }
}

#[tokio::test]
async fn an_issuer_has_to_be_configured() {
    let keys = || KeySource::pem(&KEY.pem()).unwrap();
    let error = SessionVerifier::builder(keys()).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for builder in [
        SessionVerifier::builder(keys()).issuer(""),
        SessionVerifier::builder(keys())
            .issuer(ISSUER)
            .authorized_party(""),
        SessionVerifier::builder(keys()).issuer(ISSUER).audience(""),
    ] {
        assert_eq!(builder.build().unwrap_err().kind(), ErrorKind::Config);
    }
}

#[tokio::test]
async fn authorized_parties() {
    let any = builder().build().unwrap();
    let ours = builder()
        .authorized_party("https://app.example.com")
        .authorized_party("https://admin.example.com")
        .build()
        .unwrap();
    let wrong = Some(Reason::InvalidAuthorizedParties);
    check(&any, json!({"azp": "https://evil.example.com"}), None).await;
    check(&ours, json!({"azp": "https://admin.example.com"}), None).await;
    check(&ours, json!({"azp": "https://evil.example.com"}), wrong).await;
    check(
        &ours,
        json!({"azp": "https://app.example.com.evil.example"}),
        wrong,
    )
    .await;
    check(&ours, json!({"azp": null}), wrong).await;
    check(&ours, json!({"azp": ""}), wrong).await;
}

#[tokio::test]
async fn audiences_only_when_they_are_configured() {
    let any = builder().build().unwrap();
    check(&any, json!({"aud": "whatever"}), None).await;
    let ours = builder()
        .audience("verity")
        .audience("gateway")
        .build()
        .unwrap();
    let wrong = Some(Reason::VerificationFailed);
    check(&ours, json!({"aud": "verity"}), None).await;
    check(&ours, json!({"aud": ["other", "gateway"]}), None).await;
    check(&ours, json!({"aud": ["other"]}), wrong).await;
    check(&ours, json!({"aud": []}), wrong).await;
    check(&ours, json!({"aud": null}), wrong).await;
    check(&ours, json!({"aud": [1, "verity"]}), wrong).await;
}

#[tokio::test]
async fn a_missing_sid_is_refused_unless_templates_are_taken() {
    let strict = builder().build().unwrap();
    let wrong = Some(Reason::TokenInvalid);
    check(&strict, json!({"sid": null}), wrong).await;
    check(&strict, json!({"sid": ""}), wrong).await;
    let loose = builder()
        .accept(Accept::SessionsAndTemplates)
        .build()
        .unwrap();
    check(&loose, json!({"sid": null}), None).await;
    check(
        &loose,
        json!({"sub": null}),
        Some(Reason::VerificationFailed),
    )
    .await;
}

#[tokio::test]
async fn categories_keep_machines_and_users_apart() {
    let sessions = builder().build().unwrap();
    let templates = builder()
        .accept(Accept::SessionsAndTemplates)
        .build()
        .unwrap();
    let machines = builder().accept(Accept::Machines).build().unwrap();
    let token = |cat: Value| KEY.sign(&changed(header(), &json!({"cat": cat})), &claims());
    let (session, template, machine) = ("cl_B7d4PD111AAA", "cl_B7d4PD222AAA", "cl_B7d4PD333AAA");
    for (cat, in_sessions, in_templates, in_machines) in [
        (json!(session), true, true, false),
        (json!(null), true, true, false),
        (json!("cl_I7d4PD111III"), true, true, false),
        (json!(template), false, true, false),
        (json!(machine), false, false, true),
    ] {
        for (verifier, taken) in [
            (&sessions, in_sessions),
            (&templates, in_templates),
            (&machines, in_machines),
        ] {
            let expected = (!taken).then_some(Reason::TokenInvalid);
            assert_eq!(
                reason(verifier, &token(cat.clone())).await,
                expected,
                "{cat}"
            );
        }
    }
    // A machine is no administrator, whatever its claims.
    let admin = changed(claims(), &json!({"admin": true}));
    let token = KEY.sign(&changed(header(), &json!({"cat": machine})), &admin);
    let claims = machines.verify(&token).await.unwrap();
    assert!(!machines.is_admin(&claims));
}

#[tokio::test]
async fn the_form_of_a_token() {
    let verifier = builder().build().unwrap();
    let good = KEY.token(&json!({}));
    let (head, rest) = good.split_once('.').unwrap();
    let with_header = |text: &str| format!("{}.{rest}", URL_SAFE_NO_PAD.encode(text));
    for token in [
        String::new(),
        ".".into(),
        "..".into(),
        "a.b.c".into(),
        format!("{good}.x"),
        format!("Bearer {good}"),
        format!(" {good}"),
        good.replace('.', ".."),
        format!("{head}={}", &good[head.len()..]),
        with_header("[\"RS256\"]"),
        with_header("null"),
        with_header(r#"{"alg":"RS256","alg":"RS256"}"#),
        with_header(r#"{"alg":"RS256","typ":"at+jwt"}"#),
        with_header(r#"{"alg":"RS256","typ":"jwt"}"#),
        with_header(r#"{"alg":"RS256","crit":["exp"]}"#),
        with_header(r#"{"typ":"JWT"}"#),
        "x".repeat(20_000),
    ] {
        let refused = reason(&verifier, &token).await;
        assert_eq!(
            refused,
            Some(Reason::TokenInvalid),
            "{}",
            &token[..token.len().min(80)]
        );
    }
    let untyped = KEY.sign(
        &changed(header(), &json!({"typ": null, "cat": null})),
        &claims(),
    );
    assert_eq!(reason(&verifier, &untyped).await, None);
}

#[tokio::test]
async fn only_true_makes_an_administrator() {
    let verifier = builder().build().unwrap();
    for (admin, is_admin) in [
        (json!(true), true),
        (json!("true"), false),
        (json!(1), false),
        (json!({"yes": true}), false),
        (json!(null), false),
    ] {
        let claims = verifier
            .verify(&KEY.token(&json!({"admin": admin})))
            .await
            .unwrap();
        assert_eq!(verifier.is_admin(&claims), is_admin, "{admin}");
    }
    let other = builder().admin_claim("is_root").build().unwrap();
    let claims = other
        .verify(&KEY.token(&json!({"admin": true})))
        .await
        .unwrap();
    assert!(!other.is_admin(&claims));
}

#[tokio::test]
async fn a_pem_key_needs_no_network_and_no_kid() {
    let token = KEY.sign(&changed(header(), &json!({"kid": null})), &claims());
    assert_eq!(reason(&builder().build().unwrap(), &token).await, None);
    let one_line = KEY.pem().replace('\n', "\\n");
    assert!(KeySource::pem(&one_line).is_ok());
    for (text, expected) in [
        ("", Reason::LocalMissing),
        (" \n", Reason::LocalMissing),
        (
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
            Reason::FailedToResolve,
        ),
        ("not a key", Reason::FailedToResolve),
        (
            "MCowBQYDK2VwAyEAi2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg=",
            Reason::FailedToResolve,
        ),
    ] {
        assert_eq!(
            Reason::of(&KeySource::pem(text).unwrap_err()),
            Some(expected),
            "{text}"
        );
    }
}

#[tokio::test]
async fn what_a_gateway_is_told() {
    use integrations_core::catalog::TokenVerifier;
    let verifier: &dyn TokenVerifier = &builder().build().unwrap();
    let caller = verifier
        .verify(&KEY.token(&json!({"admin": true})))
        .await
        .unwrap();
    assert_eq!(caller.subject, "user_made_up");
    assert_eq!(caller.session.as_deref(), Some("sess_made_up"));
    assert!(caller.is_admin);
}

#[test]
fn claims_are_not_shown() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let verifier = builder().build().unwrap();
    let token = KEY.token(&json!({"email": "jane@example.com"}));
    let claims = runtime.block_on(verifier.verify(&token)).unwrap();
    assert!(claims.get("email").is_some());
    assert!(!format!("{claims:?}").contains("jane"));
}

proptest! {
    #[test]
    fn any_text_is_refused_without_a_panic(text in "\\PC{0,200}", parts in prop::collection::vec("[A-Za-z0-9_-]{0,40}", 0..5)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let verifier = builder().clock(clock()).build().unwrap();
        for token in [text, parts.join(".")] {
            prop_assert!(runtime.block_on(verifier.verify(&token)).is_err());
        }
    }
}
