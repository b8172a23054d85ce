//! Decimal numbers: exact where they are whole, and else numbers as far as those have the same digits.

use super::Datum;

/// The most digits that every number of 64 bits keeps.
const DIGITS: usize = 15;

/// A decimal number, by its text: a number where none of its digits is lost, and its text else.
pub(super) fn decimal(text: &str) -> Datum {
    if let Ok(whole) = text.parse::<i64>() {
        return Datum::Int(whole);
    }
    let digits = text.trim_start_matches(['-', '0', '.']).chars().filter(char::is_ascii_digit).count();
    let plain = text.chars().all(|letter| letter.is_ascii_digit() || "-.".contains(letter));
    match text.parse::<f64>() {
        Ok(number) if plain && digits <= DIGITS && number.is_finite() => Datum::Float(number),
        _ => Datum::Text(text.into()),
    }
}

/// A number of 64 bits; what is none has a text alone.
pub(super) fn float(number: f64) -> Datum {
    if number.is_finite() { Datum::Float(number) } else { Datum::Text(number.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_digit_of_a_decimal_is_lost() {
        for (text, wanted) in [
            ("0", Datum::Int(0)),
            ("-12", Datum::Int(-12)),
            ("9223372036854775807", Datum::Int(i64::MAX)),
            ("12.50", Datum::Float(12.5)),
            ("-0.001", Datum::Float(-0.001)),
            ("123456789012345", Datum::Int(123_456_789_012_345)),
            ("1234567890123.45", Datum::Float(1_234_567_890_123.45)),
            ("12345678901234.567", Datum::Text("12345678901234.567".into())),
            ("9223372036854775808", Datum::Text("9223372036854775808".into())),
            ("NaN", Datum::Text("NaN".into())),
        ] {
            assert_eq!(decimal(text), wanted, "{text}");
        }
    }
}
