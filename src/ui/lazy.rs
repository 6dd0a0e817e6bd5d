//! What has a file of its own, for builds that cut it out of the browser half.

/// A page that the browser loads when it is first gone to. On the server it is a page like others.
#[macro_export]
macro_rules! lazy_page {
    ($(#[$about:meta])* $page:ident => $view:path) => {
        $(#[$about])*
        #[derive(Debug)]
        pub struct $page;

        #[::leptos_router::lazy_route]
        impl ::leptos_router::LazyRoute for $page {
            fn data() -> Self {
                Self
            }

            fn view(_page: Self) -> ::leptos::prelude::AnyView {
                ::leptos::prelude::IntoAny::into_any($view())
            }
        }
    };
    // One of several that share a file, told apart by what they are made of.
    ($(#[$about:meta])* $page:ident($which:ty) => $view:path) => {
        $(#[$about])*
        #[derive(Debug)]
        pub struct $page(pub $which);

        #[::leptos_router::lazy_route]
        impl ::leptos_router::LazyRoute for $page {
            fn data() -> Self {
                Self(<$which>::default())
            }

            fn view(page: Self) -> ::leptos::prelude::AnyView {
                $view(page.0)
            }
        }
    };
}

/// An asynchronous function that the browser loads when it is first called.
#[macro_export]
macro_rules! lazy_fn {
    ($item:item) => {
        #[::leptos::lazy]
        $item
    };
}
