//! Pages that come with the rest: what a build makes that cuts nothing out, such as plain
//! `cargo leptos watch`.

/// A page as the router wants it where it could be loaded by itself.
#[macro_export]
macro_rules! lazy_page {
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
}
