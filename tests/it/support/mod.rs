//! What tests stand on: an app of their own, browsers that visit it, providers that know it.

pub mod app;
pub mod browser;
pub mod html;
pub mod process;
pub mod provider;
pub mod social;

pub use app::{Engine, Start, TestApp};
pub use browser::{Answer, Browser};
pub use provider::{Fault, Person, Place, Provider};
pub use social::Social;

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
            use crate::support::{Engine, run};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                run(Engine::Sqlite, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(engine) = Engine::postgres(module_path!()) {
                    run(engine, super::$name).await;
                }
            }
        }
    };
}

/// Gives a test what it takes.
pub async fn run<T, F: Future<Output = ()>>(engine: Engine, test: impl FnOnce(T) -> F)
where
    Engine: Start<T>,
{
    test(engine.prepare().await).await;
}
