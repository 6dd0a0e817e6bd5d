//! Argon2id (RFC 9106) on its own threads.
//!
//! Each thread computes one hash at a time in a block of memory that it keeps, so memory has a
//! ceiling: threads × m. A job is refused if the queue would take longer than `max_wait` to clear.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use argon2::password_hash::phc;
use argon2::{Argon2, Block, Params};
use tokio::sync::oneshot;

use crate::error::AppError;
use crate::secret::Secret;
use crate::server::Error;
use crate::server::config::PasswordConfig;

/// A hash in PHC string format.
#[derive(Clone)]
pub struct PasswordHash(String);

impl PasswordHash {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

/// A handle to the hashing threads.
#[derive(Clone, Debug)]
pub struct Hasher(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    queue: flume::Sender<Job>,
    params: Params,
    decoy: String,
    threads: u64,
    max_wait: Duration,
    load: Arc<Load>,
}

#[derive(Debug)]
struct Load {
    /// Jobs that are queued or in progress.
    waiting: AtomicUsize,
    /// The recent average time of a job, in microseconds.
    micros_each: AtomicU64,
    verifications: AtomicU64,
}

impl Load {
    /// Removes one job from the count, and updates the average if it was done.
    fn finish(&self, took: Option<Duration>) {
        if let Some(took) = took {
            let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            let before = self.micros_each.load(Ordering::Relaxed);
            self.micros_each.store((before * 7 + took) / 8, Ordering::Relaxed);
        }
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Job {
    password: Secret,
    work: Work,
}

enum Work {
    Hash(oneshot::Sender<Result<PasswordHash, Error>>),
    Verify { against: String, reply: oneshot::Sender<Result<bool, Error>> },
}

/// How long an idle thread keeps its block of memory.
const KEEP_MEMORY: Duration = Duration::from_secs(10);

/// The lengths of salt and output in bytes (RFC 9106, section 4).
const SALT_LENGTH: usize = 16;
const OUTPUT_LENGTH: usize = 32;

impl Hasher {
    /// Starts the threads.
    pub fn start(config: &PasswordConfig) -> Result<Self, Error> {
        let params = Params::new(
            config.memory_kib,
            config.iterations,
            config.parallelism,
            Some(OUTPUT_LENGTH),
        )
        .map_err(argon2::password_hash::Error::from)?;
        let (queue, jobs) = flume::unbounded();
        // An initial guess of 0.4 microseconds per KiB and pass; measured from then on.
        let guess = u64::from(config.memory_kib) * u64::from(config.iterations) * 2 / 5;
        let load = Arc::new(Load {
            waiting: AtomicUsize::new(0),
            micros_each: AtomicU64::new(guess.max(1)),
            verifications: AtomicU64::new(0),
        });
        for n in 0..config.hashers.get() {
            let worker =
                Worker { params: params.clone(), memory: Vec::new(), load: Arc::clone(&load) };
            let jobs = jobs.clone();
            std::thread::Builder::new()
                .name(format!("hasher-{n}"))
                .spawn(move || worker.run(&jobs))
                .map_err(Error::Threads)?;
        }
        Ok(Self(Arc::new(Shared {
            queue,
            decoy: decoy(&params)?,
            params,
            threads: config.hashers.get() as u64,
            max_wait: config.max_wait,
            load,
        })))
    }

    /// Hashes a password exactly as given, with a new salt.
    pub async fn hash(&self, password: &Secret) -> Result<PasswordHash, Error> {
        let (reply, hash) = oneshot::channel();
        self.enqueue(password, Work::Hash(reply))?;
        hash.await.map_err(|_| Error::HasherStopped)?
    }

    /// Returns whether the password matches this hash. A hash that can't be read matches nothing.
    pub async fn verify(&self, password: &Secret, against: &str) -> Result<bool, Error> {
        self.0.load.verifications.fetch_add(1, Ordering::Relaxed);
        let (reply, matches) = oneshot::channel();
        self.enqueue(password, Work::Verify { against: against.to_owned(), reply })?;
        matches.await.map_err(|_| Error::HasherStopped)?
    }

    /// Returns a hash with current parameters that no password matches, for email addresses without a hash.
    #[must_use]
    pub fn decoy(&self) -> &str {
        &self.0.decoy
    }

    /// Returns whether a hash has another algorithm or other parameters than a new one would.
    #[must_use]
    pub fn is_outdated(&self, hash: &str) -> bool {
        let Ok(hash) = phc::PasswordHash::new(hash) else { return true };
        hash.algorithm.as_str() != "argon2id"
            || Params::try_from(&hash).map_or(true, |params| {
                params.m_cost() != self.0.params.m_cost()
                    || params.t_cost() != self.0.params.t_cost()
                    || params.p_cost() != self.0.params.p_cost()
            })
    }

    /// Returns how many verifications have been requested so far.
    #[must_use]
    pub fn verifications(&self) -> u64 {
        self.0.load.verifications.load(Ordering::Relaxed)
    }

    fn enqueue(&self, password: &Secret, work: Work) -> Result<(), Error> {
        let load = &self.0.load;
        let ahead = load.waiting.fetch_add(1, Ordering::Relaxed) as u64;
        let micros = load.micros_each.load(Ordering::Relaxed);
        let wait = Duration::from_micros(ahead.saturating_mul(micros) / self.0.threads);
        if wait > self.0.max_wait {
            load.waiting.fetch_sub(1, Ordering::Relaxed);
            let retry_after = u32::try_from(wait.as_secs().max(1)).unwrap_or(u32::MAX);
            return Err(AppError::Busy { retry_after }.into());
        }
        self.0
            .queue
            .send(Job { password: password.clone(), work })
            .map_err(|_| Error::HasherStopped)
    }
}

/// One thread and its block of memory.
struct Worker {
    params: Params,
    memory: Vec<Block>,
    load: Arc<Load>,
}

impl Worker {
    fn run(mut self, jobs: &flume::Receiver<Job>) {
        loop {
            let job = match jobs.recv_timeout(KEEP_MEMORY) {
                Ok(job) => job,
                Err(flume::RecvTimeoutError::Disconnected) => return,
                Err(flume::RecvTimeoutError::Timeout) => {
                    self.memory = Vec::new();
                    match jobs.recv() {
                        Ok(job) => job,
                        Err(flume::RecvError::Disconnected) => return,
                    }
                }
            };
            self.work(job);
        }
    }

    /// Does one job, unless its requester is gone. Removes it from the count before sending the
    /// result, so a requester who has the result sees an accurate count.
    fn work(&mut self, Job { password, work }: Job) {
        let began = Instant::now();
        match work {
            Work::Hash(reply) if !reply.is_closed() => {
                let hash = self.hash(&password);
                self.load.finish(Some(began.elapsed()));
                // The requester may be gone by now.
                let _ = reply.send(hash);
            }
            Work::Verify { against, reply } if !reply.is_closed() => {
                let matches = self.verify(&password, &against);
                self.load.finish(Some(began.elapsed()));
                let _ = reply.send(matches);
            }
            Work::Hash(_) | Work::Verify { .. } => self.load.finish(None),
        }
    }

    fn hash(&mut self, password: &Secret) -> Result<PasswordHash, Error> {
        let mut salt = [0; SALT_LENGTH];
        getrandom::fill(&mut salt)?;
        let mut output = [0; OUTPUT_LENGTH];
        let params = self.params.clone();
        self.fill(&Argon2::from(params), password, &salt, &mut output)?;
        phc_string(&self.params, &salt, &output)
    }

    fn verify(&mut self, password: &Secret, against: &str) -> Result<bool, Error> {
        let Ok(hash) = phc::PasswordHash::new(against) else { return Ok(false) };
        let (Some(salt), Some(expected)) = (hash.salt, hash.hash) else { return Ok(false) };
        let (Ok(algorithm), Ok(params)) =
            (argon2::Algorithm::try_from(hash.algorithm.as_str()), Params::try_from(&hash))
        else {
            return Ok(false);
        };
        let version = match hash.version.map(argon2::Version::try_from) {
            None => argon2::Version::default(),
            Some(Ok(version)) => version,
            Some(Err(_)) => return Ok(false),
        };
        let mut output = vec![0; expected.len()];
        self.fill(&Argon2::new(algorithm, version, params), password, &salt, &mut output)?;
        // The type compares in constant time.
        Ok(phc::Output::new(&output).is_ok_and(|it| it == expected))
    }

    fn fill(
        &mut self,
        argon2: &Argon2<'_>,
        password: &Secret,
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), Error> {
        let blocks = argon2.params().block_count();
        if self.memory.len() < blocks {
            self.memory.resize(blocks, Block::default());
        }
        let memory = &mut self.memory[..blocks];
        argon2
            .hash_password_into_with_memory(password.expose().as_bytes(), salt, output, memory)
            .map_err(|error| argon2::password_hash::Error::from(error).into())
    }
}

fn phc_string(params: &Params, salt: &[u8], output: &[u8]) -> Result<PasswordHash, Error> {
    let malformed = |_| argon2::password_hash::Error::Internal;
    let hash = phc::PasswordHash {
        algorithm: argon2::Algorithm::Argon2id.ident(),
        version: Some(argon2::Version::default().into()),
        params: phc::ParamsString::try_from(params)?,
        salt: Some(phc::Salt::new(salt).map_err(malformed)?),
        hash: Some(phc::Output::new(output).map_err(malformed)?),
    };
    Ok(PasswordHash(hash.to_string()))
}

/// Returns random bytes as a hash: as costly to verify as a real one, and free to create.
fn decoy(params: &Params) -> Result<String, Error> {
    let (mut salt, mut output) = ([0; SALT_LENGTH], [0; OUTPUT_LENGTH]);
    getrandom::fill(&mut salt)?;
    getrandom::fill(&mut output)?;
    Ok(phc_string(params, &salt, &output)?.0)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use argon2::PasswordHasher as _;
    use proptest::prelude::*;

    use super::*;

    fn config(memory_kib: u32, hashers: usize, max_wait: Duration) -> PasswordConfig {
        PasswordConfig {
            min_length: 15,
            memory_kib,
            iterations: 1,
            parallelism: 1,
            hashers: NonZeroUsize::new(hashers).unwrap(),
            max_wait,
            free_failures: 5,
            max_delay: max_wait,
            max_failures: 100,
        }
    }

    fn hasher() -> Hasher {
        Hasher::start(&config(8, 1, Duration::from_secs(2))).unwrap()
    }

    fn secret(text: &str) -> Secret {
        text.to_owned().into()
    }

    #[tokio::test]
    async fn v5_0_0__11_4_2__a_hash_is_argon2id_in_phc_format_that_others_can_read() {
        let hash = hasher().hash(&secret("correct horse battery")).await.unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{}", hash.as_str());
        let parsed = phc::PasswordHash::new(hash.as_str()).unwrap();
        let theirs = Argon2::from(Params::new(8, 1, 1, Some(32)).unwrap())
            .hash_password_with_salt(b"correct horse battery", &parsed.salt.unwrap())
            .unwrap();
        assert_eq!(theirs.to_string(), hash.as_str());
    }

    #[tokio::test]
    async fn only_the_password_itself_matches() {
        let hasher = hasher();
        let hash = hasher.hash(&secret("correct horse battery")).await.unwrap();
        assert!(hasher.verify(&secret("correct horse battery"), hash.as_str()).await.unwrap());
        for other in ["correct horse batterY", "correct horse battery ", ""] {
            assert!(!hasher.verify(&secret(other), hash.as_str()).await.unwrap(), "{other}");
        }
        assert!(!hasher.verify(&secret("x"), hasher.decoy()).await.unwrap());
    }

    #[tokio::test]
    async fn a_hash_with_other_parameters_is_verified_and_outdated() {
        let old = Hasher::start(&config(16, 1, Duration::from_secs(2))).unwrap();
        let hash = old.hash(&secret("correct horse battery")).await.unwrap();
        let hasher = hasher();
        assert!(hasher.is_outdated(hash.as_str()));
        assert!(hasher.verify(&secret("correct horse battery"), hash.as_str()).await.unwrap());
        assert!(!hasher.is_outdated(hasher.decoy()));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_new_jobs() {
        let hasher = Hasher::start(&config(65536, 1, Duration::from_millis(50))).unwrap();
        let jobs: Vec<_> = (0..200)
            .map(|_| {
                let hasher = hasher.clone();
                tokio::spawn(async move { hasher.hash(&secret("correct horse battery")).await })
            })
            .collect();
        let (mut done, mut refused) = (0, 0);
        for job in jobs {
            match job.await.unwrap() {
                Ok(_) => done += 1,
                Err(Error::Refused(AppError::Busy { retry_after })) => {
                    assert!(retry_after >= 1);
                    refused += 1;
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert!(done > 0 && refused > 0, "{done} done, {refused} refused");
        // The queue clears, and the next job is done.
        assert!(hasher.hash(&secret("correct horse battery")).await.is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_stored_text_panics_or_matches(text in any::<String>()) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let matches = runtime.block_on(hasher().verify(&secret("x"), &text)).unwrap();
            prop_assert!(!matches);
            prop_assert!(hasher().is_outdated(&text));
        }
    }
}
