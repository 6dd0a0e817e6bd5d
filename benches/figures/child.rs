//! The real binary, in a process of its own.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::folder::{Folder, free_address};
use crate::{Result, client, pause};

/// A server that has served its first page; dropping it stops the process.
pub struct Server {
    process: Child,
    pub address: SocketAddr,
    /// The time from the start of the process to the first page.
    pub startup_time: Duration,
}

/// The interval between requests to a starting server.
const POLL_INTERVAL: Duration = Duration::from_millis(2);

/// Rate limits that would stop a measurement, in which one client acts for many users.
const LIMITS: [&str; 4] = [
    "PORTCULLIS_LIMIT__SIGN_IN_ADDRESS",
    "PORTCULLIS_LIMIT__SIGN_IN_OVERALL",
    "PORTCULLIS_LIMIT__SIGN_UP_ADDRESS",
    "PORTCULLIS_LIMIT__SIGN_UP_OVERALL",
];

const START_TIMEOUT: Duration = Duration::from_mins(1);

impl Server {
    /// Starts a server with default settings, but without the limits that one IP address would reach.
    pub fn start(folder: &Folder) -> Result<Self> {
        let address = free_address()?;
        let log = folder.path().join("log");
        // Its output and log must not mix with the table.
        let printed = std::fs::File::create(&log)?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command
            .arg("serve")
            .current_dir(folder.path())
            .env_clear()
            .env("PORTCULLIS_SITE__URL", client::origin(address))
            .env("PORTCULLIS_SITE__LISTEN", address.to_string())
            .env("PORTCULLIS_SITE__DATA", folder.path())
            .env("PORTCULLIS_SESSION__MOST_PER_USER", "1000")
            // All of the load comes from one IP address.
            .env("PORTCULLIS_HTTP__CONNECTIONS_PER_ADDRESS", "100000")
            .envs(LIMITS.map(|it| (it, "none")))
            .stdin(Stdio::null())
            .stdout(printed.try_clone()?)
            .stderr(printed);
        let began = Instant::now();
        let process = command.spawn()?;
        let mut server = Self { process, address, startup_time: Duration::ZERO };
        while client::get(address, "/sign-in", "").map_or(0, |it| it.status) != 200 {
            if server.process.try_wait()?.is_some() || began.elapsed() > START_TIMEOUT {
                return Err(format!(
                    "the server did not start:\n{}",
                    std::fs::read_to_string(&log)?
                )
                .into());
            }
            pause(POLL_INTERVAL);
        }
        server.startup_time = began.elapsed();
        Ok(server)
    }

    /// Returns a field of the process' status, in MB of 1024 KB.
    pub fn memory(&self, field: &str) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        let number = line.and_then(|it| it.trim().split(' ').next()?.parse::<f64>().ok());
        Ok(number.ok_or_else(|| format!("the system does not tell {field}"))? / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
