//! What tests stand on: an app of their own, browsers that visit it, providers that know it.

pub mod app;
pub mod browser;
pub mod html;
pub mod process;
pub mod provider;

pub use app::{Engine, Start, TestApp};
pub use browser::{Answer, Browser};
pub use provider::{Person, Provider};

/// What everybody in these tests signs in with.
pub const PASSWORD: &str = "correct horse battery staple";
pub const OTHER_PASSWORD: &str = "staple battery horse correct";
pub const ADA: &str = "ada@example.com";
pub const EVE: &str = "eve@example.com";

/// Runs the function below it on both engines, as two tests. It takes a started [`TestApp`], or
/// the [`Engine`] where it starts one itself.
macro_rules! on_both {
    ($name:ident) => {
        mod $name {
            use crate::support::{Engine, Start as _};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let given = Engine::Sqlite.prepare().await;
                super::$name(given).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(engine) = Engine::postgres(module_path!()) {
                    let given = engine.prepare().await;
                    super::$name(given).await;
                }
            }
        }
    };
}
