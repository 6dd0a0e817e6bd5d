//! Support for tests: apps, browsers that visit them, and identity providers.

use std::pin::Pin;

pub mod app;
pub mod browser;
pub mod factor;
pub mod faulty_smtp;
pub mod features;
pub mod html;
pub mod load;
pub mod mailbox;
pub mod outage;
pub mod passkey;
pub mod process;
pub mod provider;
pub mod signer;
pub mod smtp;
pub mod social;
pub mod soft_passkey;
pub mod staff;

pub use app::{Engine, Start, TestApp};
pub use browser::{Browser, TestResponse};
pub use mailbox::ReceivedMail;
pub use provider::{Fault, Provider, ProviderEndpoint, ProviderUser};
pub use signer::Signer;
pub use social::Social;

/// The password of every user in these tests.
pub const PASSWORD: &str = "correct horse battery staple";
pub const OTHER_PASSWORD: &str = "staple battery horse correct";
pub const ADA: &str = "ada@example.com";
/// A randomly generated key.
pub const KEY: &str = "x9nJbE0QhG3m0uVq1sT8wZ5yR2kL7pD4aF6cB_eXoHw";
pub const EVE: &str = "eve@example.com";

/// Runs the function below it on both engines, as two tests. [`Start`] prepares its argument: a started
/// [`TestApp`], or the [`Engine`] if the test starts an app itself.
macro_rules! on_both {
    ($name:ident) => {
        mod $name {
            fn test(engine: crate::support::Engine) -> crate::support::Test {
                Box::pin(crate::support::run_test(engine, super::$name))
            }

            #[test]
            fn sqlite() {
                crate::support::on_sqlite(test);
            }

            #[test]
            fn postgres() {
                crate::support::on_postgres(module_path!(), test);
            }
        }
    };
}

/// Boxed, so that the code that drives it is compiled once and not for each test.
pub type Test = Pin<Box<dyn Future<Output = ()>>>;

pub async fn run_test<T, F: Future<Output = ()>>(engine: Engine, test: impl FnOnce(T) -> F)
where
    Engine: Start<T>,
{
    test(engine.prepare().await).await;
}

pub fn on_sqlite(test: fn(Engine) -> Test) {
    block_on(test(Engine::Sqlite));
}

pub fn on_postgres(name: &str, test: fn(Engine) -> Test) {
    if let Some(engine) = Engine::postgres(name) {
        block_on(test(engine));
    }
}

fn block_on(test: Test) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().unwrap().block_on(test);
}
