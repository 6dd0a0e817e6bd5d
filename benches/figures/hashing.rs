//! Sign-ins, and the hashing that bounds their rate.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use argon2::{Argon2, Block, Params};
use portcullis::server::config::PasswordConfig;
use portcullis::server::context::session_cookie_name;

use crate::seed::Seed;
use crate::{Result, client};

/// Parallel clients. Each waits for its response and then signs in the next user.
pub const CLIENTS: usize = 8;

/// Sign-ins at a server, each of another user over another connection.
pub struct SignIns<'a> {
    pub address: SocketAddr,
    pub users: &'a Seed,
    pub next: AtomicUsize,
}

impl SignIns<'_> {
    /// Returns the sign-ins per second.
    pub fn run(&self, time: Duration) -> Result<f64> {
        per_second(CLIENTS, time, || {
            || {
                sign_in(self.address, self.users, self.next.fetch_add(1, Ordering::Relaxed))
                    .map(drop)
            }
        })
    }
}

/// Signs in and returns the session's cookie, `name=value`.
pub fn sign_in(address: SocketAddr, users: &Seed, n: usize) -> Result<String> {
    let email = users.email(n);
    let fields = [("email", email.as_str()), ("password", users.password())];
    let response = client::post(address, "/api/sign-in/password", &fields)?;
    let mut pairs = response.headers("set-cookie").filter_map(|it| it.split(';').next());
    let session = format!("{}=", session_cookie_name(false));
    let cookie = pairs.find(|it| it.starts_with(&session));
    match (response.status, response.header("location"), cookie) {
        (303, Some("/dashboard"), Some(cookie)) => Ok(cookie.to_owned()),
        _ => Err(format!("{email} was not signed in:\n{}", response.head).into()),
    }
}

/// Returns how many Argon2id hashes per second all cores compute, each reusing its memory.
pub fn bare(parameters: &PasswordConfig, time: Duration) -> Result<f64> {
    let params =
        Params::new(parameters.memory_kib, parameters.iterations, parameters.parallelism, Some(32))
            .map_err(|error| error.to_string())?;
    per_second(cores(), time, || {
        let argon2 = Argon2::from(params.clone());
        let mut memory = vec![Block::default(); params.block_count()];
        let mut output = [0; 32];
        move || {
            argon2
                .hash_password_into_with_memory(
                    b"correct horse battery staple",
                    &[7; 16],
                    &mut output,
                    &mut memory,
                )
                .map_err(|error| error.to_string().into())
        }
    })
}

pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Repeats work on this many threads and returns the completed runs per second. One failure fails all.
pub fn per_second<F>(threads: usize, time: Duration, worker: impl Fn() -> F + Sync) -> Result<f64>
where
    F: FnMut() -> Result<()>,
{
    let end = Instant::now() + time;
    let turns = || {
        let mut work = worker();
        let mut done = 0_u32;
        loop {
            work()?;
            if Instant::now() > end {
                return Ok(done);
            }
            done += 1;
        }
    };
    let counts: Vec<Result<u32>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(turns)).collect();
        threads
            .into_iter()
            .map(|it| it.join().unwrap_or_else(|_| Err("a thread panicked".into())))
            .collect()
    });
    let done = counts.into_iter().sum::<Result<u32>>()?;
    Ok(f64::from(done) / time.as_secs_f64())
}
