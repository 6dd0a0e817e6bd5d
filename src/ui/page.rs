//! Pages as the router has them.

use std::fmt;
use std::pin::Pin;

use leptos::prelude::*;
use leptos_router::{ChooseView, LazyRoute};

/// A page that the browser has from the start, as the router wants it.
#[macro_export]
macro_rules! whole_page {
    ($(#[$about:meta])* $page:ident => $view:path) => {
        $(#[$about])*
        #[derive(Debug)]
        pub struct $page;

        impl ::leptos_router::LazyRoute for $page {
            fn data() -> Self {
                Self
            }

            async fn view(_page: Self) -> ::leptos::prelude::AnyView {
                ::leptos::prelude::IntoAny::into_any($view())
            }
        }
    };
    ($(#[$about:meta])* $page:ident($which:ty) => $view:path) => {
        $(#[$about])*
        #[derive(Debug)]
        pub struct $page(pub $which);

        impl ::leptos_router::LazyRoute for $page {
            fn data() -> Self {
                Self(<$which>::default())
            }

            async fn view(page: Self) -> ::leptos::prelude::AnyView {
                $view(page.0)
            }
        }
    };
}

/// What comes later: a page, or word that its file is there.
pub type Later<T> = Pin<Box<dyn Future<Output = T>>>;

/// A page, whichever it is: one type for all of them.
#[derive(Clone, Copy)]
pub struct AnyPage {
    view: fn() -> Later<AnyView>,
    preload: fn() -> Later<()>,
}

impl AnyPage {
    #[must_use]
    pub const fn of<T: LazyRoute>() -> Self {
        Self {
            view: || Box::pin(async { T::view(T::data()).await }),
            preload: || Box::pin(T::preload()),
        }
    }

    /// One of several that share a file, which is loaded when the first of them is gone to.
    #[must_use]
    pub const fn later(view: fn() -> Later<AnyView>, preload: fn() -> Later<()>) -> Self {
        Self { view, preload }
    }

    /// Loads the page's file.
    #[must_use]
    pub fn load(&self) -> Later<()> {
        (self.preload)()
    }
}

impl fmt::Debug for AnyPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyPage")
    }
}

impl ChooseView for AnyPage {
    async fn choose(self) -> AnyView {
        (self.view)().await
    }

    async fn preload(&self) {
        self.load().await;
    }
}
