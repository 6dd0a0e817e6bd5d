//! The kernel: the base of every feature's server half. Of the features it knows only the state that [`App`]
//! and [`Context`] hold for them.

pub mod assets;
pub mod clock;
pub mod config;
pub mod context;
pub mod database_lock;
pub mod db;
pub mod device;
pub mod digest;
pub mod error;
pub mod feature;
pub mod files;
pub mod http;
pub mod jobs;
pub mod json;
pub mod jws;
pub mod limits;
pub mod out;
pub mod provider_http;
pub mod seal;
pub mod telemetry;
pub mod timekeeper;

use std::sync::Arc;

pub use clock::Clock;
pub use config::Config;
pub use context::{Client, Context};
pub use db::Db;
pub use error::Error;
pub use timekeeper::Timekeeper;

use crate::mail::server::{Templates, Transport};
use crate::password::server::{BreachedPasswords, Hasher, Meter};
use crate::session::server::Store;
use crate::social::server::Providers;
use feature::Features;
use seal::Seal;

/// The state that lives as long as the process.
#[derive(Debug)]
pub struct App {
    pub config: Config,
    pub db: Db,
    pub clock: Clock,
    pub timekeeper: Arc<Timekeeper>,
    pub hasher: Hasher,
    pub meter: Meter,
    pub breached: BreachedPasswords,
    pub seal: Seal,
    pub sessions: Store,
    pub providers: Providers,
    /// The features of the site.
    pub features: Features,
    pub templates: Templates,
    pub mail: Transport,
}

impl App {
    /// Opens the database, brings its schema up to date and starts the hashing threads.
    pub async fn start_with_clock(
        config: Config,
        features: Features,
        clock: Clock,
    ) -> Result<Arc<Self>, Error> {
        let seal = Seal::open_or_create(&config.site)?;
        // Boxed because it is large and runs once.
        let db = Box::pin(Db::open(&config)).await?;
        let timekeeper = Arc::new(Timekeeper::start(clock.clone(), &db).await?);
        Ok(Arc::new(Self {
            hasher: Hasher::start(&config.password)?,
            meter: Meter::new(&config.password),
            breached: BreachedPasswords::open(&config.rejected_passwords, &config.http)?,
            sessions: Store::new(db.clone(), Arc::clone(&timekeeper), &config),
            providers: Providers::new(&config)?,
            templates: Templates::open(&config.mail, &config.site)?,
            mail: Transport::open(&config)?,
            features,
            seal,
            db,
            clock,
            timekeeper,
            config,
        }))
    }
}
