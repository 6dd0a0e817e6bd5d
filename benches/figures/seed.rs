//! Inserts users for a measurement directly into the database.

use std::path::PathBuf;

use clap::Args;
use portcullis::password::server::{Hasher, store};
use portcullis::server::{Clock, Db};
use portcullis::user::Email;
use portcullis::user::server::{UserEmail, insert};

use crate::Result;
use crate::folder::{config, free_address};

/// The number of different hashes: verifying costs the same if users share one, and each is slow to make.
const HASHES: usize = 16;

/// The users to create.
#[derive(Args)]
pub struct Seed {
    /// The SQLite database; created if it is missing.
    #[arg(long, value_name = "FILE")]
    database: PathBuf,
    /// The number of users.
    #[arg(long)]
    users: usize,
    /// Their emails, with {n:06} for the number from 0 on.
    #[arg(long, default_value = EMAIL)]
    email: String,
    /// The password that all of them share.
    #[arg(long, default_value = PASSWORD)]
    password: String,
}

const EMAIL: &str = "user{n:06}@example.com";
const PASSWORD: &str = "correct horse battery staple";

impl Seed {
    pub fn new(database: PathBuf, users: usize) -> Self {
        Self { database, users, email: EMAIL.to_owned(), password: PASSWORD.to_owned() }
    }

    pub fn run(&self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.insert())
    }

    async fn insert(&self) -> Result<()> {
        let config = config(&self.database, free_address()?)?;
        let hasher = Hasher::start(&config.password)?;
        let password = self.password.clone().into();
        let mut stock = Vec::new();
        for _ in 0..HASHES {
            stock.push(hasher.hash(&password).await?);
        }
        let db = Db::open(&config).await?;
        let now = Clock::System.now();
        let mut tx = db.begin().await?;
        for n in 0..self.users {
            let email: Email =
                self.email(n).parse().map_err(|_| format!("invalid email {}", self.email(n)))?;
            let address = UserEmail { email: &email, is_verified: true };
            let id = insert(&mut tx, Some(address), "", now).await?;
            let id = id.ok_or_else(|| format!("{} already exists", self.email(n)))?;
            store(&mut tx, &id, &stock[n % HASHES], now).await?;
        }
        tx.commit().await?;
        db.close().await;
        Ok(())
    }

    /// Returns the nth user's email, starting over after the last.
    pub fn email(&self, n: usize) -> String {
        self.email.replace("{n:06}", &format!("{:06}", n % self.users.max(1)))
    }

    pub fn password(&self) -> &str {
        &self.password
    }
}
