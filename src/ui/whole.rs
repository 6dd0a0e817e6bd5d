//! For builds that cut nothing out of the browser half, such as plain `cargo leptos watch`.

/// A page that comes with the rest.
#[macro_export]
macro_rules! lazy_page {
    ($($page:tt)*) => { $crate::whole_page!($($page)*); };
}

/// A function that comes with the rest.
#[macro_export]
macro_rules! lazy_fn {
    ($item:item) => {
        $item
    };
}
