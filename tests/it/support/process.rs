//! The real binary as a process, and hand-written HTTP to it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

/// Returns the command, in this folder and with these settings only.
pub fn portcullis(folder: &Path, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.current_dir(folder).stdin(Stdio::null());
    #[expect(clippy::disallowed_methods, reason = "so that a test's settings are the only ones")]
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PORTCULLIS_") {
            command.env_remove(name);
        }
    }
    command.envs(settings.iter().copied());
    command
}

/// Returns the command with a limit on open files, set by the shell's `ulimit`.
fn portcullis_with_files(folder: &Path, settings: &[(&str, &str)], files: u32) -> Command {
    let plain = portcullis(folder, settings);
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("ulimit -n {files} && exec \"$0\" \"$@\"")])
        .arg(plain.get_program());
    command.current_dir(folder).stdin(Stdio::null());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// Returns the environment variables that set a process's clock back by this many seconds.
pub fn clock_behind(seconds: i64) -> [(&'static str, String); 3] {
    let found = Command::new("scripts/faketime").output().unwrap();
    assert!(found.status.success(), "{}", err(&found));
    [
        ("LD_PRELOAD", out(&found).trim().to_owned()),
        ("FAKETIME", format!("-{seconds}")),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
}

/// Runs the command to its end.
pub fn run(folder: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> Output {
    portcullis(folder, settings).args(arguments).output().unwrap()
}

pub fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Returns whether a row of a printed table begins with these words.
pub fn has_row(table: &str, words: &str) -> bool {
    let words: Vec<&str> = words.split(' ').collect();
    table.lines().any(|row| row.split_whitespace().take(words.len()).eq(words.iter().copied()))
}

pub fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A server process, killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    pub port: u16,
    log: Option<BufReader<std::process::ChildStderr>>,
}

impl Server {
    /// Starts a server in this folder, and returns when it listens.
    pub fn start(folder: &Path, settings: &[(&str, &str)]) -> Self {
        let mut server = Self::launch(folder, settings);
        server.wait_for("serving");
        server
    }

    /// Starts a server with a limit on open files, and returns when it listens.
    pub fn start_with_files(folder: &Path, settings: &[(&str, &str)], files: u32) -> Self {
        let mut server = Self::spawn(folder, settings, Stdio::null(), Stdio::piped(), Some(files));
        server.wait_for("serving");
        server
    }

    /// Starts a server and returns at once.
    pub fn launch(folder: &Path, settings: &[(&str, &str)]) -> Self {
        Self::spawn(folder, settings, Stdio::null(), Stdio::piped(), None)
    }

    /// Starts a server, returns at once, and captures its standard output.
    pub fn launch_with_stdout(folder: &Path, settings: &[(&str, &str)]) -> Self {
        Self::spawn(folder, settings, Stdio::piped(), Stdio::piped(), None)
    }

    /// Starts a server whose log goes to `log`, and returns at once.
    pub fn launch_with_log(folder: &Path, log: Stdio) -> Self {
        Self::spawn(folder, &[], Stdio::null(), log, None)
    }

    /// Returns the server's standard output, after it has ended.
    pub fn stdout(&mut self) -> String {
        let mut text = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        text
    }

    fn spawn(
        folder: &Path,
        settings: &[(&str, &str)],
        stdout: Stdio,
        log: Stdio,
        files: Option<u32>,
    ) -> Self {
        let port = free_port();
        let listen = format!("127.0.0.1:{port}");
        let defaults = [("PORTCULLIS_PASSWORD__MEMORY_KIB", "8")];
        let mut command = match files {
            None => portcullis(folder, &defaults),
            Some(files) => portcullis_with_files(folder, &defaults, files),
        };
        let mut child = command
            .envs([
                ("PORTCULLIS_SITE__LISTEN", listen.as_str()),
                ("PORTCULLIS_SITE__URL", &format!("http://{listen}")),
            ])
            .envs(settings.iter().copied())
            .arg("serve")
            .stdout(stdout)
            .stderr(log)
            .spawn()
            .unwrap();
        let log = child.stderr.take().map(BufReader::new);
        Self { child, port, log }
    }

    /// Reads the log up to a line with this word.
    pub fn wait_for(&mut self, word: &str) -> String {
        let mut read = String::new();
        while !read.contains(word) {
            let length = self.log.as_mut().unwrap().read_line(&mut read).unwrap();
            assert!(length > 0, "the log ended without {word:?}: {read}");
        }
        read
    }

    /// Kills the server as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Interrupts the server as Ctrl+C does.
    pub fn interrupt(&self) {
        self.signal("-INT");
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// Returns the server's threads: each name and its CPU time, in hundredths of a second
    /// (`proc_pid_stat(5)`).
    pub fn threads(&self) -> Vec<(String, u64)> {
        let tasks = format!("/proc/{}/task", self.child.id());
        let read = |task: std::fs::DirEntry| {
            // Skip a thread that has ended meanwhile.
            let stat = std::fs::read_to_string(task.path().join("stat")).ok()?;
            let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
            let fields: Vec<_> = rest.split_whitespace().collect();
            Some((
                name.to_owned(),
                fields[11].parse::<u64>().ok()? + fields[12].parse::<u64>().ok()?,
            ))
        };
        std::fs::read_dir(tasks).unwrap().filter_map(|it| read(it.unwrap())).collect()
    }

    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Returns the head of a form post with a body of `length` bytes.
    pub fn head(&self, path: &str, length: usize, more: &str) -> String {
        let port = self.port;
        format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\norigin: http://127.0.0.1:{port}\r\n\
             accept: application/json\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {length}\r\nconnection: close\r\n{more}\r\n"
        )
    }

    /// Posts a form and returns the response, head and body.
    pub fn post(&self, path: &str, body: &str) -> String {
        read_to_end(&mut self.begin_post(path, body))
    }

    /// Posts a form and leaves the response unread.
    pub fn begin_post(&self, path: &str, body: &str) -> TcpStream {
        let mut stream = self.connect();
        let request = self.head(path, body.len(), "") + body;
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    pub fn get(&self, path: &str) -> String {
        Self::ask(self.connect(), path).unwrap()
    }

    /// Requests a page from a server that may close the connection at once; the response may be empty.
    pub fn try_get(&self, path: &str) -> String {
        Self::ask(self.connect(), path).unwrap_or_default()
    }

    /// Requests a page from another IP address of this machine.
    pub fn get_from(&self, address: &str, path: &str) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connect = async {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.bind(SocketAddr::new(address.parse().unwrap(), 0)).unwrap();
            let to = SocketAddr::from(([127, 0, 0, 1], self.port));
            socket.connect(to).await.unwrap().into_std().unwrap()
        };
        let stream = runtime.block_on(connect);
        stream.set_nonblocking(false).unwrap();
        Self::ask(stream, path).unwrap()
    }

    fn ask(mut stream: TcpStream, path: &str) -> std::io::Result<String> {
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the stream to its end.
pub fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[expect(clippy::disallowed_methods, reason = "a process and its sockets have real time only")]
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Returns a port for a server that starts later, or that stops and starts again. It is below the ports that
/// systems give to connections by themselves, one of which could otherwise take it meanwhile.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Another run of these tests has other ports.
    let first = 10_000 + 1_000 * u16::try_from(std::process::id() % 20).unwrap();
    let mut ports = (0..1_000).map(|_| first + NEXT.fetch_add(1, Ordering::Relaxed) % 1_000);
    ports.find(|it| std::net::TcpListener::bind(("127.0.0.1", *it)).is_ok()).unwrap()
}
