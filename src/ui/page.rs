//! Pages as the router needs them.

use std::fmt;
use std::pin::Pin;

use leptos::prelude::*;
use leptos_router::components::Outlet;
use leptos_router::{ChooseView, LazyRoute};

/// Defines a page that the browser has from the start.
#[macro_export]
macro_rules! eager_page {
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

/// A boxed future: a page, or the loading of its file.
pub type BoxedFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// Any page, as one type.
#[derive(Clone, Copy)]
pub struct AnyPage {
    view: fn() -> BoxedFuture<AnyView>,
    preload: fn() -> BoxedFuture<()>,
}

impl AnyPage {
    #[must_use]
    pub const fn of<T: LazyRoute>() -> Self {
        Self { view: || Box::pin(T::view(T::data())), preload: || Box::pin(T::preload()) }
    }

    /// Wraps one of several pages in the same file, which loads on the first visit to any of them.
    #[must_use]
    pub const fn new(view: fn() -> BoxedFuture<AnyView>, preload: fn() -> BoxedFuture<()>) -> Self {
        Self { view, preload }
    }

    /// Loads the page's file.
    #[must_use]
    pub fn load(&self) -> BoxedFuture<()> {
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

eager_page!(
    /// Renders the page below without a layout.
    BarePage => Outlet
);
