//! A throw-away PostgreSQL server: one per test process, on a random loopback port, gone when the process is.
//!
//! [`server`] is the one that all tests of a process share; it is fast and forgets what it was told when the machine
//! stops. [`builder`] starts one of your own, which can be made durable, stopped as by a crash, and started again on the
//! same port with the same data.
//!
//! Only the standard library and PostgreSQL's own programs. A small shell waits for the end of its
//! standard input, whose other end only this process holds; however this process ends, the shell sees it, stops the
//! server by its process id and removes the files.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;
use std::{env, fs, thread};

use crate::process::stable_port;

/// Set to any non-empty text but `0`: the absence of PostgreSQL is a failure, not a skip.
pub const REQUIRE: &str = "INTEGRATIONS_REQUIRE_POSTGRES";

/// The server of this process, started by the first caller; `None` when PostgreSQL is not installed.
pub fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER
        .get_or_init(|| match builder().start() {
            Ok(server) => Some(server),
            Err(why) => {
                let required =
                    env::var(REQUIRE).is_ok_and(|value| !matches!(value.as_str(), "" | "0"));
                assert!(
                    !required,
                    "{REQUIRE} is set, but PostgreSQL cannot be tested: {why}"
                );
                // Past the test harness, which shows nothing of a test that passes.
                let _ = writeln!(
                    std::io::stderr(),
                    "skipped: the PostgreSQL half of the tests: {why}"
                );
                None
            }
        })
        .as_ref()
}

/// Settings of a server of your own.
///
/// ```no_run
/// let mut server = integrations_testkit::postgres::builder().durable().start()?;
/// let url = server.url();
/// server.stop_immediate()?;
/// server.restart()?;
/// assert_eq!(server.url(), url);
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing runs before it is started"]
pub struct Builder {
    durable: bool,
    parent: PathBuf,
    settings: Vec<String>,
}

/// A server of your own: fast and not durable, as [`server`] is, unless told otherwise.
pub fn builder() -> Builder {
    Builder {
        durable: false,
        parent: env::temp_dir(),
        settings: Vec::new(),
    }
}

impl Builder {
    /// A commit is on the disk before it is answered, as PostgreSQL does unless told otherwise.
    pub fn durable(mut self) -> Self {
        self.durable = true;
        self
    }

    /// Where its directory is made; by default where temporary files go, which may be in memory.
    pub fn parent(mut self, directory: impl Into<PathBuf>) -> Self {
        self.parent = directory.into();
        self
    }

    /// A line of `postgresql.conf`, for example `("max_connections", "50")`.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push(format!("{name}={value}"));
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// Why it did not start: PostgreSQL is not installed, for example.
    pub fn start(self) -> Result<Server, String> {
        let safe = if self.durable { "on" } else { "off" };
        let mut settings: Vec<String> = ["fsync", "synchronous_commit", "full_page_writes"]
            .map(|name| format!("{name}={safe}"))
            .into();
        settings.extend(
            [
                "max_connections=400",
                "shared_buffers=64MB",
                "autovacuum=off",
            ]
            .map(str::to_owned),
        );
        // The last one counts.
        settings.extend(self.settings);
        Server::start(&self.parent, &settings)
    }
}

/// A running server. One of your own stops, and its files are removed, when it is dropped.
#[derive(Debug)]
pub struct Server {
    port: u16,
    bin: PathBuf,
    home: PathBuf,
    /// Holds the pipe that the shell waits on. `None` once that is closed.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    watchdog: Child,
}

impl Server {
    /// The URL of its database.
    pub fn url(&self) -> String {
        format!("postgres://integrations@127.0.0.1:{}/postgres", self.port)
    }

    /// The port, which stays the same over a restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops it as a crash does: connections break off, nothing is written any more, and the next start recovers from
    /// the log. What was committed is there again.
    ///
    /// # Errors
    /// If the shell that watches it is gone.
    pub fn stop_immediate(&mut self) -> Result<(), String> {
        self.command("quit")
    }

    /// Stops it in an orderly way: connections are ended, and everything is written.
    ///
    /// # Errors
    /// If the shell that watches it is gone.
    pub fn stop(&mut self) -> Result<(), String> {
        self.command("stop")
    }

    /// Starts it again, on the same port with the same data. One that still runs is stopped first, as by
    /// [`stop_immediate`](Self::stop_immediate).
    ///
    /// # Errors
    /// Why it did not start.
    pub fn restart(&mut self) -> Result<(), String> {
        self.command("quit")?;
        self.command("start")?;
        self.wait()
    }

    /// Tells the shell something, and waits until it is done.
    fn command(&mut self, word: &str) -> Result<(), String> {
        let gone = |error: std::io::Error| format!("the server's shell: {error}");
        let commands = self.commands.as_mut().ok_or("the server's shell is gone")?;
        writeln!(commands, "{word}").map_err(gone)?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).map_err(gone)?;
        match answer.trim() {
            "done" => Ok(()),
            _ => Err("the server's shell is gone".to_owned()),
        }
    }

    fn start(parent: &Path, settings: &[String]) -> Result<Self, String> {
        let bin = programs()?;
        let user = user()?;
        let home = parent.join(format!(
            "integrations-postgres-{}-{}",
            std::process::id(),
            random()
        ));
        fs::create_dir(&home)
            .map_err(|error| format!("no directory {}: {error}", home.display()))?;
        if let Some(user) = &user {
            run(Command::new("chown").arg(user).arg(&home))?;
        }
        let data = home.join("data");
        run(command(user.as_deref(), &bin.join("initdb"), &home)
            .args([
                "--username=integrations",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ])
            .arg("-D")
            .arg(&data))?;
        let port = stable_port().map_err(|error| error.to_string())?;
        let mut watchdog = command(user.as_deref(), Path::new("sh"), &home);
        watchdog
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(bin.join("postgres"))
            .arg(&data)
            .arg(port.to_string())
            .arg(&home)
            .args(settings.iter().flat_map(|setting| ["-c", setting]))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        #[cfg(unix)]
        {
            // Ctrl-C in the terminal ends the tests, not the server under them.
            use std::os::unix::process::CommandExt as _;
            watchdog.process_group(0);
        }
        let mut watchdog = watchdog
            .spawn()
            .map_err(|error| format!("no shell: {error}"))?;
        let pipes = watchdog.stdin.take().zip(watchdog.stdout.take());
        let (commands, answers) = pipes.ok_or("the shell has no pipes")?;
        let mut server = Self {
            port,
            bin,
            home,
            commands: Some(commands),
            answers: BufReader::new(answers),
            watchdog,
        };
        server.wait()?;
        Ok(server)
    }

    fn wait(&mut self) -> Result<(), String> {
        for _ in 0..600 {
            let mut ready = Command::new(self.bin.join("pg_isready"));
            ready
                .args(["-q", "-h", "127.0.0.1", "-p"])
                .arg(self.port.to_string());
            if ready.status().is_ok_and(|status| status.success()) {
                return Ok(());
            }
            if self.watchdog.try_wait().is_ok_and(|ended| ended.is_some()) {
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(self.home.join("log")).unwrap_or_default();
        let tail: Vec<_> = log.lines().rev().take(5).collect();
        Err(format!("the server did not start: {}", tail.join(" / ")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The shell reads the end of its input, stops the server and removes the files.
        self.commands = None;
        let _ = self.watchdog.wait();
        // What the shell may not do, as another user, in a directory that is not open to all.
        let _ = fs::remove_dir_all(&self.home);
    }
}

/// `$1` the server, `$2` its data, `$3` its port, `$4` the directory to remove; then the server's settings.
const WATCHDOG: &str = r#"
program=$1 data=$2 port=$3 home=$4
shift 4
start() {
    "$program" -D "$data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$home" "$@" \
        >>"$home/log" 2>&1 </dev/null &
    server=$!
}
finish() {
    [ -n "$server" ] && kill "-$1" "$server" 2>/dev/null && wait "$server"
    server=
}
start "$@"
while read -r word; do
    case "$word" in
        quit) finish QUIT ;;
        stop) finish INT ;;
        start) [ -n "$server" ] || start "$@" ;;
    esac
    echo done
done
finish QUIT
rm -rf "$home"
"#;

/// The directory of the newest installed server programs; Debian keeps them off the path.
fn programs() -> Result<PathBuf, String> {
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for entry in fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
    {
        let version = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        found.extend(version.map(|version| (version, entry.path().join("bin"))));
    }
    found.sort();
    let path = env::var_os("PATH").unwrap_or_default();
    let mut all = found
        .into_iter()
        .rev()
        .map(|(_, bin)| bin)
        .chain(env::split_paths(&path));
    all.find(|bin| {
        ["initdb", "postgres", "pg_isready"]
            .iter()
            .all(|name| bin.join(name).is_file())
    })
    .ok_or_else(|| "initdb, postgres and pg_isready are not installed".to_owned())
}

/// Whom to run as: the server refuses to be root.
fn user() -> Result<Option<String>, String> {
    let id = Command::new("id")
        .arg("-u")
        .output()
        .map_err(|error| format!("no id: {error}"))?;
    if id.stdout.trim_ascii() != b"0" {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let exists = |name: &&str| {
        users
            .lines()
            .any(|line| line.split(':').next() == Some(name))
    };
    let user = ["postgres", "nobody"].into_iter().find(exists);
    user.map(|user| Some(user.to_owned()))
        .ok_or_else(|| "the tests run as root, and there is no user postgres or nobody".to_owned())
}

fn command(user: Option<&str>, program: &Path, home: &Path) -> Command {
    let mut command = match user {
        Some(user) => {
            let mut command = Command::new("runuser");
            command.args(["-u", user, "--"]).arg(program);
            command
        }
        None => Command::new(program),
    };
    command.current_dir(home).env("LC_ALL", "C");
    command
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "{command:?}: {}",
        words.lines().last().unwrap_or_default()
    ))
}

fn random() -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    std::hash::RandomState::new().build_hasher().finish()
}
