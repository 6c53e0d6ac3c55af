# One recipe per CI job. `.ci/run` holds the commands, so that there is one place for them.

# Everything that CI checks, from installing what it needs.
ci:
    .ci/run

# What the README says; PostgreSQL is used when it is installed.
test:
    cargo test --workspace

quickstart:
    cargo run -p examples --bin quickstart

fmt:
    .ci/run fmt

clippy:
    .ci/run clippy

features:
    .ci/run features

doc:
    .ci/run doc

typos:
    .ci/run typos

generated:
    .ci/run generated

conformance:
    .ci/run conformance

# The official suite of the Model Context Protocol; npm is wanted.
mcp-conformance:
    .ci/run mcp-conformance

package:
    .ci/run package

# Licences, banned crates and sources; needs cargo-deny.
deny:
    cargo deny --offline check bans licenses sources

# What it costs to adopt a crate: seconds and crates of a clean check.
cost:
    cargo xtask cost

# The measurements, each beside its floor.
bench:
    cargo run --release -q -p benches -- client
    cargo run --release -q -p benches -- vault
    cargo run --release -q -p benches -- verify
    cargo run --release -q -p benches -- ingest
    cargo run --release -q -p benches -- jobs
    cargo run --release -q -p benches -- refresh
    cargo run --release -q -p benches -- sync
    cargo run --release -q -p benches -- gateway
    cargo run --release -q -p benches -- mcp

# Random and mutated requests through the routes and the MCP servers, for so many seconds; the seed is printed.
fuzz seconds="60":
    cargo run --release -q -p benches -- fuzz --seconds {{seconds}}

# Real processes killed by seed, `contact-sync` among them: so many plans of each kind on each engine. With what
# `cargo test --workspace` has built.
crash seeds="50":
    CRASH_SEEDS={{seeds}} cargo test --workspace --test crash -- --nocapture --test-threads=1
    CRASH_SEEDS={{seeds}} cargo test --workspace --test it a_killed_contact_sync -- --nocapture --test-threads=1
