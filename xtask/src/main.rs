//! Chores of the workspace: `cargo xtask --help`.
//!
//! One file per task; a new task is a variant here or in [`generate`] and a file beside it.

mod cost;
mod generate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What every task answers: a line to print, or a line that says what failed.
type Outcome = Result<String, String>;

/// Chores of the workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Writes generated source files, or checks that they are current.
    Generate(generate::Args),
    /// Prints what it costs to adopt each crate: seconds and crates of a clean check.
    Cost(cost::Args),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().task {
        Task::Generate(args) => generate::run(&args),
        Task::Cost(args) => cost::run(&args),
    };
    #[expect(
        clippy::print_stdout,
        clippy::print_stderr,
        reason = "a command line program"
    )]
    match outcome {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(line) => {
            eprintln!("error: {line}");
            ExitCode::FAILURE
        }
    }
}
