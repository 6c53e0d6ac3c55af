//! Real processes for crash tests: started, waited for, killed at any instant, started again, and gone when the test is.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use std::time::Duration;
//!
//! use integrations_testkit::process::Program;
//!
//! let mut worker = Program::new("target/debug/worker")
//!     .arg("work")
//!     .env("DATABASE_URL", "sqlite:work.db")
//!     .ready("listening on ")
//!     .start()
//!     .await?;
//! println!("it answers at {}", worker.ready_with());
//! worker.kill()?;
//! worker.restart().await?;
//! assert!(worker.wait_for("synced", Duration::from_secs(10)).await.is_some());
//! # Ok(()) }
//! ```
//!
//! Waiting does not block the runtime, so that a simulator in the same process goes on answering. A process that is
//! killed leaves no zombie, and one that is still running when its handle is dropped is killed. Should this process
//! itself be killed, a small shell that waits for the end of its standard input kills the child.

use std::{
    ffi::{OsStr, OsString},
    fmt,
    io::{self, BufRead as _, BufReader, Read},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tokio::time::Instant;

/// How often a condition is looked at that nothing wakes up for.
const GLANCE: Duration = Duration::from_millis(2);

/// The most lines of each output that are kept.
const MOST_LINES: usize = 20_000;

/// A program and how to start it.
#[derive(Clone)]
#[must_use = "nothing runs before it is started"]
pub struct Program {
    path: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, Option<OsString>)>,
    directory: Option<PathBuf>,
    ready: Option<String>,
    patience: Duration,
}

impl Program {
    /// The program of this path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            args: Vec::new(),
            env: Vec::new(),
            directory: None,
            ready: None,
            patience: Duration::from_secs(30),
        }
    }

    /// This very program: a test or a benchmark that starts itself with other arguments.
    ///
    /// # Errors
    /// If the operating system does not say where it is.
    pub fn current() -> io::Result<Self> {
        std::env::current_exe().map(Self::new)
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        let args = args.into_iter().map(|arg| arg.as_ref().to_owned());
        self.args.extend(args);
        self
    }

    /// Sets a variable of its environment, which otherwise is this process's.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        let value = Some(value.as_ref().to_owned());
        self.env.push((name.as_ref().to_owned(), value));
        self
    }

    /// Takes a variable out of its environment.
    pub fn without_env(mut self, name: impl AsRef<OsStr>) -> Self {
        self.env.push((name.as_ref().to_owned(), None));
        self
    }

    /// Its working directory.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// It is ready when it prints a line that starts with this; without it, when it runs.
    pub fn ready(mut self, start: impl Into<String>) -> Self {
        self.ready = Some(start.into());
        self
    }

    /// How long it may take until it is ready; 30 s by default.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// If it cannot be started, ends before it is ready, or is not ready in time; the error shows the end of what it
    /// printed to its standard error.
    pub async fn start(&self) -> io::Result<Process> {
        let running = self.spawn()?;
        let mut process = Process {
            program: self.clone(),
            running,
            ready_with: String::new(),
            starts: 1,
        };
        process.get_ready().await?;
        Ok(process)
    }

    fn spawn(&self) -> io::Result<Running> {
        let mut command = Command::new(&self.path);
        command.args(&self.args);
        for (name, value) in &self.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let lines = Arc::<Mutex<Lines>>::default();
        if let Some(out) = child.stdout.take() {
            read_lines(out, Arc::clone(&lines), |lines| &mut lines.out);
        }
        if let Some(err) = child.stderr.take() {
            read_lines(err, Arc::clone(&lines), |lines| &mut lines.err);
        }
        let watchdog = Watchdog::over(child.id());
        Ok(Running {
            child,
            lines,
            watchdog,
        })
    }

    fn name(&self) -> &Path {
        self.path.file_name().map_or(Path::new(""), Path::new)
    }
}

impl fmt::Debug for Program {
    /// Shows no arguments and no environment: both may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

/// A program that was started. It is killed when this is dropped.
pub struct Process {
    program: Program,
    running: Running,
    ready_with: String,
    starts: u32,
}

impl Process {
    /// Its process id, which changes with every start.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.running.child.id()
    }

    /// What stood in the ready line behind the start that was asked for: an address, for example.
    #[must_use]
    pub fn ready_with(&self) -> &str {
        &self.ready_with
    }

    /// How often it has been started.
    #[must_use]
    pub fn starts(&self) -> u32 {
        self.starts
    }

    /// Kills it at once (SIGKILL): nothing in it runs any more when this returns. One that has ended stays as it is.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn kill(&mut self) -> io::Result<()> {
        self.running.kill()
    }

    /// Asks it to end (SIGTERM).
    ///
    /// # Errors
    /// If there is no `kill` program.
    pub fn terminate(&mut self) -> io::Result<()> {
        if self.exit_status()?.is_none() {
            let id = self.id().to_string();
            Command::new("kill").args(["-TERM", &id]).status()?;
        }
        Ok(())
    }

    /// Kills what still runs, and starts it again as it was started first. Output of before is forgotten.
    ///
    /// # Errors
    /// As [`Program::start`].
    pub async fn restart(&mut self) -> io::Result<()> {
        self.running.kill()?;
        self.running = self.program.spawn()?;
        self.starts += 1;
        self.get_ready().await
    }

    /// The same with another program: other arguments, another environment.
    ///
    /// # Errors
    /// As [`Program::start`].
    pub async fn restart_as(&mut self, program: Program) -> io::Result<()> {
        self.program = program;
        self.restart().await
    }

    /// How it ended; `None` while it runs.
    ///
    /// # Errors
    /// If the operating system does not say.
    pub fn exit_status(&mut self) -> io::Result<Option<ExitStatus>> {
        self.running.exit_status()
    }

    /// Waits until it has ended by itself; `None` if it still runs after the limit.
    pub async fn ended(&mut self, limit: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + limit;
        loop {
            if let Ok(Some(status)) = self.exit_status() {
                return Some(status);
            }
            if Instant::now() >= deadline {
                return None;
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Waits for a line of its standard output, already printed or not, that starts with this; returns what stands
    /// behind. `None` after the limit, or if it ends before.
    pub async fn wait_for(&mut self, start: &str, limit: Duration) -> Option<String> {
        let deadline = Instant::now() + limit;
        loop {
            // In this order: what was printed before the end is read to the end.
            let ended = !matches!(self.exit_status(), Ok(None));
            let (found, all) = {
                let lines = self.running.lines();
                let mut rest = lines.out.text.iter().filter_map(|l| l.strip_prefix(start));
                (rest.next().map(str::to_owned), lines.out.ended)
            };
            if found.is_some() || (ended && all) || Instant::now() >= deadline {
                return found;
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// The lines of its standard output since it was started last.
    #[must_use]
    pub fn output(&self) -> Vec<String> {
        self.running.lines().out.text.clone()
    }

    /// The lines of its standard error since it was started last.
    #[must_use]
    pub fn errors(&self) -> Vec<String> {
        self.running.lines().err.text.clone()
    }

    async fn get_ready(&mut self) -> io::Result<()> {
        let Some(start) = self.program.ready.clone() else {
            return Ok(());
        };
        let patience = self.program.patience;
        if let Some(rest) = self.wait_for(&start, patience).await {
            self.ready_with = rest;
            return Ok(());
        }
        let what = match self.exit_status()? {
            Some(status) => format!("it ended ({status}) before it was ready"),
            None => format!("it was not ready within {patience:?}"),
        };
        let errors = self.errors();
        let tail = errors[errors.len().saturating_sub(20)..].join("\n");
        let name = self.program.name().display();
        Err(io::Error::other(format!("{name}: {what}:\n{tail}")))
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("name", &self.program.name())
            .field("id", &self.id())
            .field("starts", &self.starts)
            .finish_non_exhaustive()
    }
}

struct Running {
    child: Child,
    lines: Arc<Mutex<Lines>>,
    watchdog: Option<Watchdog>,
}

impl Running {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn exit_status(&mut self) -> io::Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        if status.is_some() {
            // Its id may be another process's from now on.
            self.watchdog = None;
        }
        Ok(status)
    }

    fn kill(&mut self) -> io::Result<()> {
        if self.exit_status()?.is_some() {
            return Ok(());
        }
        // Before its end is noticed, since its id is free afterwards.
        self.watchdog = None;
        self.child.kill()?;
        self.child.wait().map(drop)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

#[derive(Default)]
struct Lines {
    out: Output,
    err: Output,
}

#[derive(Default)]
struct Output {
    text: Vec<String>,
    ended: bool,
}

fn read_lines(
    from: impl Read + Send + 'static,
    lines: Arc<Mutex<Lines>>,
    of: fn(&mut Lines) -> &mut Output,
) {
    thread::spawn(move || {
        let lock = || lines.lock().unwrap_or_else(PoisonError::into_inner);
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while let Ok(1..) = from.read_until(b'\n', &mut line) {
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches(['\r', '\n']).to_owned();
            line.clear();
            let mut lines = lock();
            let kept = &mut of(&mut lines).text;
            // Read on when it is too much, or the child would wait for us.
            if kept.len() < MOST_LINES {
                kept.push(text);
            }
        }
        of(&mut lock()).ended = true;
    });
}

/// A shell that kills a process if this one ends without having done so.
struct Watchdog {
    shell: Child,
    input: Option<ChildStdin>,
}

impl Watchdog {
    /// `None` where there is no shell; the process then outlives a test that is killed.
    fn over(id: u32) -> Option<Self> {
        let mut command = Command::new("sh");
        command
            .args(["-c", r#"read -r word || kill -KILL "$1""#, "watchdog"])
            .arg(id.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        #[cfg(unix)]
        {
            // Ctrl-C in the terminal ends the test, and then the shell has work to do.
            use std::os::unix::process::CommandExt as _;
            command.process_group(0);
        }
        let mut shell = command.spawn().ok()?;
        let input = shell.stdin.take();
        Some(Self { shell, input })
    }
}

impl Drop for Watchdog {
    /// Sends it home.
    fn drop(&mut self) {
        use std::io::Write as _;
        if let Some(mut input) = self.input.take() {
            let _ = writeln!(input, "done");
        }
        let _ = self.shell.wait();
    }
}

/// A free port of this machine outside the range that the system hands out, so that it is still free when a process
/// that listened on it was killed and is to be started again.
///
/// # Errors
/// If none is found.
pub fn stable_port() -> io::Result<u16> {
    for _ in 0..1000 {
        let port = fastrand::u16(15_000..32_000);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::Error::other("no free port from 15,000 to 32,000"))
}
