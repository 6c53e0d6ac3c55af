//! Webhook verification against `openssl speed`: operations per second on one thread, for a body of 2 KiB.
//!
//! Ours is the whole call on a request as it arrives: find the headers, decode the signature, hash or verify, compare.

use std::process::Command;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method};
use integrations_core::webhook::schemes::{Ed25519Key, Ghl, Hmac, Scheme};
use integrations_core::webhook::{RawRequest, Secrets};
use integrations_core::{Result, Timestamp};
use serde_json::{Value, json};
use tokio::time::Instant;

const BODY_BYTES: usize = 2048;
const ROUNDS: usize = 3;
const BATCHES: usize = 5;
const BATCH: Duration = Duration::from_millis(100);

/// Both signatures were made with test keys over the body of [`signed`].
const SECRET: &str = "bench-secret";
const HMAC: &str = "sha256=eea5230b64129aa2517d729560dfcbbac3435dab8b4dd76747c190db22f6a9f0";
const PUBLIC_KEY: &str = "197f6b23e16c8532c6abc838facd5ea789be0c76b2920334039bfa8b3d368d61";
const ED25519: &str =
    "0D0GBQCyIufoNgJy32IkoH0BNbQ5RtPlbGkg5lIKtviUumJy8RBofffqeI3y89Tnfbm+9W4b/f1/S/HkSihMBQ==";

/// Measures both schemes and the floor in one run.
pub(crate) fn run() -> Value {
    match measure() {
        Ok(report) => report,
        Err(error) => json!({ "bench": "verify", "error": error.to_string() }),
    }
}

fn measure() -> Result<Value> {
    let ghl = Ghl::with_keys([PUBLIC_KEY.parse::<Ed25519Key>()?]);
    let hmac = signed("x-hub-signature-256", HMAC);
    let ed25519 = signed("x-ghl-signature", ED25519);
    let secrets = Secrets::one(SECRET);

    let (mut ours, mut floor) = ([0.0_f64; 2], [None::<f64>; 2]);
    // In turns, so that a busy machine slows both.
    for _ in 0..ROUNDS {
        let measured = [
            best(&Hmac::GITHUB, &hmac, &secrets)?,
            best(&ghl, &ed25519, &secrets)?,
        ];
        for (best, new) in ours.iter_mut().zip(measured) {
            *best = best.max(new);
        }
        for (best, new) in floor.iter_mut().zip([openssl_hmac(), openssl_ed25519()]) {
            *best = (*best).into_iter().chain(new).reduce(f64::max);
        }
    }
    let operation = |index: usize, command: &str| {
        let (ours, floor): (f64, Option<f64>) = (ours[index], floor[index]);
        json!({
            "per_second": ours.round(),
            "microseconds": round(1e6 / ours),
            "floor": { "command": command, "per_second": floor.map(f64::round) },
            "over_openssl": floor.map(|floor| round(ours / floor)),
        })
    };
    Ok(json!({
        "bench": "verify",
        "version": env!("CARGO_PKG_VERSION"),
        "cores": std::thread::available_parallelism().map_or(1, Into::into),
        "threads": 1,
        "body_bytes": BODY_BYTES,
        "best_of_batches": ROUNDS * BATCHES,
        "openssl": openssl_version(),
        "operations": {
            "hmac_sha256": operation(0, "openssl speed -mr -seconds 1 -bytes 2048 -hmac sha256"),
            "ghl_ed25519": operation(1, "openssl speed -mr -seconds 1 ed25519"),
        },
        "note": "hmac_sha256: hmac and sha2; the floor computes the code with a prepared key. \
                 ghl_ed25519: aws-lc-rs, and the body's id and time are read; the floor verifies 32 bytes or less",
    }))
}

fn signed(name: &'static str, signature: &'static str) -> RawRequest {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("user-agent", HeaderValue::from_static("bench"));
    headers.insert(name, HeaderValue::from_static(signature));
    let (start, end) = (r#"{"webhookId":"w-1","pad":""#, r#""}"#);
    let padding = "x".repeat(BODY_BYTES - start.len() - end.len());
    let body = format!("{start}{padding}{end}");
    RawRequest::new(Method::POST, "https://example.com/hooks", headers, body)
}

/// Verifications per second in the best batch.
fn best(scheme: &dyn Scheme, raw: &RawRequest, secrets: &Secrets) -> Result<f64> {
    let mut best = 0.0_f64;
    for _ in 0..BATCHES {
        let start = Instant::now();
        let mut count = 0_u32;
        let mut elapsed = Duration::ZERO;
        while elapsed < BATCH {
            for _ in 0..256 {
                let verified = scheme.verify(raw, secrets, Timestamp::UNIX_EPOCH)?;
                std::hint::black_box(verified.secret_index());
            }
            count += 256;
            elapsed = start.elapsed();
        }
        best = best.max(f64::from(count) / elapsed.as_secs_f64());
    }
    Ok(best)
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// What `openssl` prints, when it is installed.
fn openssl(arguments: &[&str]) -> Option<String> {
    let output = Command::new("openssl").args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok()
}

fn openssl_version() -> String {
    let version = openssl(&["version"]).map(|text| text.trim().to_owned());
    version.unwrap_or_else(|| "not installed: there is no floor".to_owned())
}

fn openssl_hmac() -> Option<f64> {
    let size = BODY_BYTES.to_string();
    let output = openssl(&[
        "speed", "-mr", "-seconds", "1", "-bytes", &size, "-hmac", "sha256",
    ])?;
    // `+F:9:hmac(sha256):1824532480.00`: bytes per second.
    let line = output.lines().find(|line| line.starts_with("+F:"))?;
    let bytes_per_second: f64 = line.rsplit(':').next()?.parse().ok()?;
    #[expect(clippy::cast_precision_loss, reason = "2048")]
    Some(bytes_per_second / BODY_BYTES as f64)
}

fn openssl_ed25519() -> Option<f64> {
    let output = openssl(&["speed", "-mr", "-seconds", "1", "ed25519"])?;
    // `+F6:0:253:Ed25519:44646.000000:16540.404040`: signatures and verifications per second.
    let line = output
        .lines()
        .find(|line| line.contains(":Ed25519:") && line.starts_with("+F"))?;
    line.rsplit(':').next()?.parse().ok()
}
