//! Bursts of requests: how long the sign-in page takes meanwhile.

use std::net::SocketAddr;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::{Result, client, pause};

/// The number of requests sent at once.
pub const BURST_SIZE: usize = 500;

/// The interval between requests for the page.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The outcome of a burst.
pub struct Burst {
    /// The longest time that the page took meanwhile.
    pub slowest: Duration,
    pub pages: usize,
    /// How many were let through, and how many told to come back.
    pub accepted: usize,
    pub rejected: usize,
    pub duration: Duration,
}

/// Sends many posts at once, and requests the page until the last of them has its response.
pub fn burst(
    address: SocketAddr,
    path: &str,
    fields: impl Fn(usize) -> Vec<(&'static str, String)> + Sync,
) -> Result<Burst> {
    let (left, accepted, rejected) =
        (AtomicUsize::new(BURST_SIZE), AtomicUsize::new(0), AtomicUsize::new(0));
    let start = Barrier::new(BURST_SIZE + 1);
    std::thread::scope(|scope| {
        for n in 0..BURST_SIZE {
            let (start, left, accepted, rejected, fields) =
                (&start, &left, &accepted, &rejected, &fields);
            scope.spawn(move || {
                let fields = fields(n);
                let fields: Vec<_> = fields.iter().map(|(name, it)| (*name, it.as_str())).collect();
                start.wait();
                let status = client::post(address, path, &fields).map_or(0, |it| it.status);
                match status {
                    303 => accepted.fetch_add(1, Ordering::Relaxed),
                    503 => rejected.fetch_add(1, Ordering::Relaxed),
                    _ => 0,
                };
                left.fetch_sub(1, Ordering::Relaxed);
            });
        }
        start.wait();
        let began = Instant::now();
        let (mut slowest, mut pages) = (Duration::ZERO, 0);
        while left.load(Ordering::Relaxed) > 0 {
            let asked = Instant::now();
            let response = client::get(address, "/sign-in", "")?;
            if response.status != 200 {
                return Err(format!("the page has status {}", response.status).into());
            }
            slowest = slowest.max(asked.elapsed());
            pages += 1;
            pause(POLL_INTERVAL);
        }
        let (accepted, rejected) =
            (accepted.load(Ordering::Relaxed), rejected.load(Ordering::Relaxed));
        Ok(Burst { slowest, pages, accepted, rejected, duration: began.elapsed() })
    })
}
