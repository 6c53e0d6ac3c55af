//! The vault against `openssl speed`: operations per second on one thread, for a secret of 200 bytes.

use std::process::Command;
use std::time::Duration;

use integrations_core::vault::{KeyRing, RecordKey, Scope, Sealed, SealedRecord, Vault};
use integrations_core::{Result, SecretString, TenantId};
use serde_json::{Value, json};
use tokio::time::Instant;

const SECRET_BYTES: usize = 200;
const BATCHES: usize = 15;
const BATCH: Duration = Duration::from_millis(60);
/// `openssl speed` measures whole blocks: the next size above the secret's.
const OPENSSL_BYTES: usize = 256;

/// Measures every operation and the floor in one run.
pub(crate) fn run() -> Value {
    match measure() {
        Ok(report) => report,
        Err(error) => json!({ "bench": "vault", "error": error.to_string() }),
    }
}

fn measure() -> Result<Value> {
    let tenant = TenantId::new("acme")?;
    let scope = Scope::new(
        &tenant,
        "integration:0192f0c1-2222-7000-8000-000000000001",
        "/auth/accessToken",
    );
    let secret = "s".repeat(SECRET_BYTES);
    let warm = Vault::new(KeyRing::generate()?);
    let cold = warm.clone().with_cached_keys(0);
    let sealed = Vault::now(warm.seal(&scope, &secret))?;
    let text = sealed.to_string();
    let record_scope = scope.record();
    let key = Vault::now(warm.record_key(&record_scope, sealed.wrapped_key()))?;
    let fields = (0..4).map(|at| (format!("/field{at}"), SecretString::from(secret.as_str())));
    let fields = fields.collect();
    let record = Vault::now(warm.seal_record(&record_scope, &fields, None))?;
    let json = record.to_text();

    let floor_before = openssl();
    let operations = [
        // One data key for many values.
        ("seal_field", best(|| seal_field(&key, &scope, &secret))?),
        (
            "open_field_warm",
            best(|| open_field(&key, &scope, &sealed))?,
        ),
        // One data key for one value: generate and wrap, or find or unwrap.
        (
            "seal_value",
            best(|| drop_ok(Vault::now(cold.seal(&scope, &secret))))?,
        ),
        (
            "open_value_warm",
            best(|| open_value(&warm, &scope, &sealed))?,
        ),
        (
            "open_value_cold",
            best(|| open_value(&cold, &scope, &sealed))?,
        ),
        // From and to the stored text.
        (
            "open_text_warm",
            best(|| open_value(&warm, &scope, &text.parse()?))?,
        ),
        (
            "open_text_cold",
            best(|| open_value(&cold, &scope, &text.parse()?))?,
        ),
        (
            "open_record_of_4_from_json_cold",
            best(|| {
                drop_ok(Vault::now(
                    cold.open_record(&record_scope, &SealedRecord::parse(&json)?),
                ))
            })?,
        ),
        (
            "rewrap_record_of_4",
            best(|| drop_ok(Vault::now(cold.rewrap(&record_scope, &record))))?,
        ),
    ];
    let floor = floor_before.into_iter().chain(openssl()).reduce(f64::max);
    let operations: serde_json::Map<_, _> = operations
        .into_iter()
        .map(|(name, per_second)| {
            let ratio = floor.map(|floor| round(per_second / floor, 100.0));
            let value = json!({
                "per_second": per_second.round(),
                "nanoseconds": round(1e9 / per_second, 1.0),
                "over_openssl": ratio,
            });
            (name.to_owned(), value)
        })
        .collect();
    Ok(json!({
        "bench": "vault",
        "version": env!("CARGO_PKG_VERSION"),
        "cipher": "AES-256-GCM, aws-lc-rs",
        "cores": std::thread::available_parallelism().map_or(1, Into::into),
        "threads": 1,
        "secret_bytes": SECRET_BYTES,
        "best_of_batches": BATCHES,
        "operations": operations,
        "floor": {
            "command": "openssl speed -mr -evp aes-256-gcm -bytes 256 -seconds 1",
            "bytes": OPENSSL_BYTES,
            "per_second": floor.map(f64::round),
            "note": "no associated data, no allocation, one key and one buffer",
        },
    }))
}

fn seal_field(key: &RecordKey, scope: &Scope<'_>, secret: &str) -> Result<()> {
    drop_ok(key.seal(scope.field(), secret))
}

fn open_field(key: &RecordKey, scope: &Scope<'_>, sealed: &Sealed) -> Result<()> {
    drop_ok(key.open(scope.field(), sealed.ciphertext()))
}

fn open_value(vault: &Vault, scope: &Scope<'_>, sealed: &Sealed) -> Result<()> {
    drop_ok(Vault::now(vault.open(scope, sealed)))
}

fn drop_ok<T>(result: Result<T>) -> Result<()> {
    result.map(|value| drop(std::hint::black_box(value)))
}

/// Operations per second in the best batch.
fn best(mut operation: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut best = 0.0_f64;
    for _ in 0..BATCHES {
        let start = Instant::now();
        let mut count = 0_u32;
        let mut elapsed = Duration::ZERO;
        while elapsed < BATCH {
            for _ in 0..256 {
                operation()?;
            }
            count += 256;
            elapsed = start.elapsed();
        }
        best = best.max(f64::from(count) / elapsed.as_secs_f64());
    }
    Ok(best)
}

fn round(value: f64, digits: f64) -> f64 {
    (value * digits).round() / digits
}

/// Operations per second of `openssl speed`, when it is installed.
fn openssl() -> Option<f64> {
    let arguments = [
        "speed",
        "-mr",
        "-evp",
        "aes-256-gcm",
        "-seconds",
        "1",
        "-bytes",
    ];
    let output = Command::new("openssl")
        .args(arguments)
        .arg(OPENSSL_BYTES.to_string())
        .output();
    let output = String::from_utf8(output.ok()?.stdout).ok()?;
    // `+F:25:AES-256-GCM:729249792.00`: bytes per second.
    let line = output.lines().find(|line| line.starts_with("+F:"))?;
    let bytes_per_second: f64 = line.rsplit(':').next()?.parse().ok()?;
    #[expect(clippy::cast_precision_loss, reason = "256")]
    Some(bytes_per_second / OPENSSL_BYTES as f64)
}
