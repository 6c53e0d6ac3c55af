//! One server over stdio: what it is sent and what it writes, line by line.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use integrations_testkit::LeakDetector;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long anything may take on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A command with nothing of this machine's environment that could be a setting.
pub(super) fn command(program: &str, env: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .args(arguments)
        .envs(env.iter().copied());
    command
}

/// A program that ran to its end.
pub(super) struct Ran {
    pub(super) code: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
}

/// Runs a program that is not given anything to read.
pub(super) async fn run(program: &str, env: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = command(program, env, arguments);
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await;
    let output = output.expect("it ends").expect("it starts");
    let ran = Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    };
    let leaks = LeakDetector::of_process();
    leaks.scan("standard output of a program", &ran.out);
    leaks.scan("standard error of a program", &ran.err);
    ran
}

/// A server that speaks with this test.
pub(super) struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    /// Read all the time: a program whose errors nobody reads stands still.
    errors: JoinHandle<String>,
    next: u64,
    /// What was written that answers nothing: notifications, and answers to other calls.
    pub(super) others: Vec<Value>,
}

impl Server {
    /// Starts it and shakes hands.
    pub(super) async fn start(program: &str, env: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut server = Self::bare(program, env, arguments);
        let answer = server
            .ask(
                "initialize",
                json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}),
            )
            .await;
        assert_eq!(
            answer["result"]["protocolVersion"], "2025-11-25",
            "{answer}"
        );
        assert!(
            answer["result"]["capabilities"]["tools"].is_object(),
            "{answer}"
        );
        server
            .send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
            .await;
        server
    }

    /// Starts it and says nothing.
    pub(super) fn bare(program: &str, env: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut command = command(program, env, arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().expect("it starts");
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("a pipe");
        let mut stderr = child.stderr.take().expect("a pipe");
        let errors = tokio::spawn(async move {
            let mut errors = String::new();
            stderr.read_to_string(&mut errors).await.expect("UTF-8");
            errors
        });
        Self {
            child,
            stdin,
            lines: BufReader::new(stdout).lines(),
            errors,
            next: 1,
            others: Vec::new(),
        }
    }

    pub(super) async fn send(&mut self, message: &Value) {
        self.write(format!("{message}\n").as_bytes()).await;
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("it is open");
        stdin.write_all(bytes).await.expect("it reads");
        stdin.flush().await.expect("it reads");
    }

    /// The next message; `None` at the end. Whatever it is, a line of standard output is a message.
    pub(super) async fn read(&mut self) -> Option<Value> {
        let line = timeout(PATIENCE, self.lines.next_line()).await;
        let line = line.expect("an answer in time").expect("UTF-8")?;
        LeakDetector::of_process().scan("standard output", &line);
        let message: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("no message: {line:.200}"));
        assert_eq!(message["jsonrpc"], "2.0", "{message}");
        Some(message)
    }

    /// Sends a request without waiting for its answer. Its id.
    pub(super) async fn begin(&mut self, method: &str, params: Value) -> u64 {
        let id = self.next;
        self.next += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
            .await;
        id
    }

    /// The answer to a request, whatever came before it.
    pub(super) async fn answer(&mut self, id: u64) -> Value {
        if let Some(at) = self.others.iter().position(|message| message["id"] == id) {
            return self.others.remove(at);
        }
        loop {
            let message = self.read().await.expect("it still runs");
            if message["id"] == id {
                return message;
            }
            self.others.push(message);
        }
    }

    pub(super) async fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.begin(method, params).await;
        self.answer(id).await
    }

    /// The result of a tool.
    pub(super) async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self
            .ask("tools/call", json!({"name": tool, "arguments": arguments}))
            .await;
        assert!(answer.get("error").is_none(), "{tool}: {answer}");
        answer["result"].clone()
    }

    /// All tools, and in how many pages they came.
    pub(super) async fn tools(&mut self) -> (Vec<Value>, usize) {
        let (mut tools, mut pages) = (Vec::new(), 0);
        let mut params = json!({});
        loop {
            let answer = self.ask("tools/list", params).await;
            let result = &answer["result"];
            tools.extend(result["tools"].as_array().expect("a list").iter().cloned());
            pages += 1;
            match result["nextCursor"].as_str() {
                Some(cursor) => params = json!({"cursor": cursor}),
                None => return (tools, pages),
            }
        }
    }

    /// Closes its standard input and waits for its end. What it wrote to standard error.
    pub(super) async fn end(mut self) -> (ExitStatus, String) {
        drop(self.stdin.take());
        while let Some(message) = self.read().await {
            self.others.push(message);
        }
        let status = timeout(PATIENCE, self.child.wait()).await;
        let status = status.expect("it ends").expect("a status");
        let errors = timeout(PATIENCE, self.errors).await;
        let errors = errors.expect("it ends").expect("UTF-8");
        LeakDetector::of_process().scan("standard error", &errors);
        (status, errors)
    }
}

/// The words of a result.
pub(super) fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_default()
}

/// Ends a server that did as it should, and looks for secrets in all that was seen.
pub(super) async fn ended_well(server: Server) -> String {
    let (status, errors) = server.end().await;
    assert!(status.success(), "{status}\n{errors}");
    LeakDetector::of_process().assert_clean();
    errors
}
