//! QR codes as SVG paths.

use std::fmt::Write as _;

use qrcodegen::{QrCode as Modules, QrCodeEcc};

use crate::authenticator_app::QrCode;

/// Light modules around the code, as scanners need them (ISO/IEC 18004, section 9.1).
const QUIET_ZONE: i32 = 4;

/// Draws a text as a QR code. Returns `None` if it is too long for one.
pub fn draw(text: &str) -> Option<QrCode> {
    let modules = Modules::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..modules.size() {
        let mut x = 0;
        while x < modules.size() {
            let run = (x..modules.size()).take_while(|it| modules.get_module(*it, y)).count();
            let run = i32::try_from(run).unwrap_or(0);
            if run > 0 {
                // Writing to a string never fails.
                let _ = write!(path, "M{},{}h{run}v1h-{run}z", x + QUIET_ZONE, y + QUIET_ZONE);
            }
            x += run.max(1);
        }
    }
    Some(QrCode { size: modules.size() + 2 * QUIET_ZONE, path: path.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_covers_exactly_the_dark_modules() {
        let text =
            "otpauth://totp/Portcullis:ada@example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        let (drawn, modules) =
            (draw(text).unwrap(), Modules::encode_text(text, QrCodeEcc::Medium).unwrap());
        assert_eq!(drawn.size, modules.size() + 8);
        let mut dark = 0;
        for run in drawn.path.expose().split('z').filter(|it| !it.is_empty()) {
            let (place, rest) = run.strip_prefix('M').unwrap().split_once('h').unwrap();
            let (x, y) = place.split_once(',').unwrap();
            let (x, y): (i32, i32) = (x.parse().unwrap(), y.parse().unwrap());
            let run: i32 = rest.split('v').next().unwrap().parse().unwrap();
            for n in 0..run {
                assert!(modules.get_module(x - 4 + n, y - 4));
                dark += 1;
            }
        }
        let all = (0..modules.size()).flat_map(|y| (0..modules.size()).map(move |x| (x, y)));
        assert_eq!(dark, all.filter(|it| modules.get_module(it.0, it.1)).count());
        assert!(draw(&"x".repeat(3000)).is_none());
    }
}
