//! Pages and functions in files of their own, for builds that split the browser half.

/// Defines a page that the browser loads on the first visit to it. On the server it is an ordinary page.
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
    // One of several pages in the same file; its value says which.
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

/// Defines an asynchronous function that the browser loads on the first call.
#[macro_export]
macro_rules! lazy_fn {
    ($item:item) => {
        #[::leptos::lazy]
        $item
    };
}
