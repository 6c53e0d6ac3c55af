//! A throw-away PostgreSQL server: one per test process, on a random loopback port, gone when the process is.
//!
//! Self-contained: only the standard library and PostgreSQL's own programs. A small shell waits for the end of its
//! standard input, whose other end only this process holds; however this process ends, the shell sees it, stops the
//! server by its process id and removes the files.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;
use std::{env, fs, thread};

/// Set to any non-empty text but `0`: the absence of PostgreSQL is a failure, not a skip.
pub const REQUIRE: &str = "INTEGRATIONS_REQUIRE_POSTGRES";

/// The server of this process, started by the first caller; `None` when PostgreSQL is not installed.
pub fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER
        .get_or_init(|| match Server::start() {
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

/// A running server.
#[derive(Debug)]
pub struct Server {
    port: u16,
    /// Holds the pipe that the shell waits on.
    _watchdog: Child,
}

impl Server {
    /// The URL of its database.
    pub fn url(&self) -> String {
        format!("postgres://integrations@127.0.0.1:{}/postgres", self.port)
    }

    fn start() -> Result<Self, String> {
        let bin = programs()?;
        let user = user()?;
        let home = env::temp_dir().join(format!(
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
        let port = free_port()?;
        let mut watchdog = command(user.as_deref(), Path::new("sh"), &home);
        watchdog
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(bin.join("postgres"))
            .arg(&data)
            .arg(port.to_string())
            .arg(&home)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        #[cfg(unix)]
        {
            // Ctrl-C in the terminal ends the tests, not the server under them.
            use std::os::unix::process::CommandExt as _;
            watchdog.process_group(0);
        }
        let mut server = Self {
            port,
            _watchdog: watchdog
                .spawn()
                .map_err(|error| format!("no shell: {error}"))?,
        };
        server.wait(&bin, &home)?;
        Ok(server)
    }

    fn wait(&mut self, bin: &Path, home: &Path) -> Result<(), String> {
        for _ in 0..600 {
            let mut ready = Command::new(bin.join("pg_isready"));
            ready
                .args(["-q", "-h", "127.0.0.1", "-p"])
                .arg(self.port.to_string());
            if ready.status().is_ok_and(|status| status.success()) {
                return Ok(());
            }
            if self._watchdog.try_wait().is_ok_and(|ended| ended.is_some()) {
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(home.join("log")).unwrap_or_default();
        let tail: Vec<_> = log.lines().rev().take(5).collect();
        Err(format!("the server did not start: {}", tail.join(" / ")))
    }
}

/// `$1` the server, `$2` its data, `$3` its port, `$4` the directory to remove.
const WATCHDOG: &str = r#"
"$1" -D "$2" -p "$3" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$4" \
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
    -c max_connections=400 -c shared_buffers=64MB -c autovacuum=off >"$4/log" 2>&1 &
server=$!
while read -r line; do :; done
kill -QUIT "$server"
wait "$server"
rm -rf "$4"
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

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
    listener
        .local_addr()
        .map(|address| address.port())
        .map_err(|error| error.to_string())
}

fn random() -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    std::hash::RandomState::new().build_hasher().finish()
}
