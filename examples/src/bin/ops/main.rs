//! The operator's tool: what a deployment holds, what went wrong in it, and what to do about it.

mod args;
mod ask;
mod care;
mod flows;
mod list;
mod open;
mod replay;
mod rows;
mod show;
mod status;
mod view;
mod when;

use std::process::ExitCode;

use clap::Parser as _;
use integrations_core::{Error, Result};

use args::{Arguments, Command};
use open::{Access, Deployment};

/// The code of errors that are the caller's: exit code 2.
const USAGE: &str = "usage";

fn usage(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::config(message).with_code(USAGE)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let shown =
        std::env::var_os("RUST_LOG").map(|_| tracing_subscriber::EnvFilter::from_default_env());
    if let Some(filter) = shown {
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .init();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run(arguments)),
        Err(error) => Err(Error::config("no runtime").with_source(error)),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            anstream::eprintln!("ops: {}", view::line(&told(&error)));
            ExitCode::from(if error.code() == Some(USAGE) { 2 } else { 1 })
        }
    }
}

/// The error and what to do about it, in one line.
fn told(error: &Error) -> String {
    let advice = match error.code() {
        Some(USAGE) => return error.message().to_owned(),
        Some("schema") => "run `ops migrate` with a role that may create tables",
        Some("cannot_open") => {
            "is --database right? Only `ops migrate` makes a file; from a folder that cannot be written to, a SQLite file \
             opens with ?mode=ro&immutable=1"
        }
        Some("read_only" | "permission") => {
            "this command writes: use a role or file that may be written to"
        }
        _ => return error.to_string(),
    };
    format!("{error}; {advice}")
}

/// Whether all is well: `false` is exit code 1 after a report.
async fn run(arguments: Arguments) -> Result<bool> {
    let Arguments { global, command } = arguments;
    let access = match &command {
        Command::Migrate => Access::Create,
        command if command.reads() => Access::Read,
        _ => Access::Write,
    };
    let deployment = Deployment::open(global, access).await?;
    let done = match command {
        Command::Status => status::run(&deployment).await.map(|()| true),
        Command::List(list) => list::run(&deployment, &list).await.map(|()| true),
        Command::Show(show) => show::run(&deployment, &show).await.map(|()| true),
        Command::Replay(replay) => replay::replay(&deployment, &replay).await,
        Command::Drop(drop) => replay::drop_letters(&deployment, &drop).await,
        Command::Drift(drift) => flows::drift(&deployment, &drift).await.map(|()| true),
        Command::Run(run) => flows::run(&deployment, &run).await.map(|()| true),
        Command::Pause(what) => flows::pause(&deployment, &what, true).await.map(|()| true),
        Command::Resume(what) => flows::pause(&deployment, &what, false).await.map(|()| true),
        Command::Resolve(resolve) => flows::resolve(&deployment, &resolve).await.map(|()| true),
        Command::RotateKeys => care::rotate_keys(&deployment).await,
        Command::VerifyAudit => care::verify_audit(&deployment).await,
        Command::Migrate => care::migrate(&deployment).await.map(|()| true),
        Command::Purge(purge) => care::purge(&deployment, &purge).await,
    };
    deployment.store.close().await;
    done
}
