//! Growth curves as SVG, both axes logarithmic: on them a straight line that climbs one decade in one is linear.

use super::contender::contenders;
use super::results;
use crate::row::Curve;
use anyhow::Result;
use plotters::prelude::*;

/// The curves in a table's Markdown.
pub(super) const LINKS: &str = "
## Growth

![Random places by pieces](pieces.svg)

![Loading by keystrokes](load.svg)

![A crowd by clients](crowd.svg)
";

/// A point of a curve: where, and the figure of each peer that has one.
pub(super) type Point = (Curve, usize, Vec<Option<f64>>);

const COLORS: [RGBColor; 8] = [
    RGBColor(197, 48, 48),
    RGBColor(43, 108, 176),
    RGBColor(56, 161, 105),
    RGBColor(128, 90, 213),
    RGBColor(221, 107, 32),
    RGBColor(49, 151, 149),
    RGBColor(113, 128, 150),
    RGBColor(26, 32, 44),
];

/// Draws all curves.
///
/// # Errors
/// Files that can't be written.
pub(super) fn draw(points: &[Point]) -> Result<()> {
    for (curve, file, title, x, y) in [
        (Curve::Pieces, "pieces.svg", "An edit at a random place", "pieces of the document", "µs an edit"),
        (Curve::Load, "load.svg", "Loading a document and reading its text", "keystrokes", "ms"),
        (Curve::Crowd, "crowd.svg", "Clients that typed at one place", "clients", "ms"),
    ] {
        let points: Vec<&Point> = points.iter().filter(|point| point.0 == curve).collect();
        if !points.is_empty() {
            draw_one(&points, file, title, x, y)?;
        }
    }
    Ok(())
}

fn draw_one(points: &[&Point], file: &str, title: &str, x: &str, y: &str) -> Result<()> {
    let figures = points.iter().flat_map(|(_, _, figures)| figures.iter().flatten().copied());
    let (least, most) =
        figures.fold((f64::MAX, f64::MIN), |(least, most), figure| (least.min(figure), most.max(figure)));
    let (first, last) = (points[0].1 as f64, points[points.len() - 1].1 as f64);
    let path = results().join(file);
    let area = SVGBackend::new(&path, (760, 480)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 20))
        .margin(16)
        .margin_right(48)
        .x_label_area_size(40)
        .y_label_area_size(64)
        .build_cartesian_2d((first..last).log_scale(), (least * 0.7..most * 1.4).log_scale())?;
    chart
        .configure_mesh()
        .x_desc(x)
        .y_desc(y)
        .x_label_formatter(&f64::to_string)
        .light_line_style(RGBColor(240, 240, 240))
        .draw()?;
    for (column, contender) in contenders().iter().enumerate() {
        let line: Vec<(f64, f64)> =
            points.iter().filter_map(|(_, at, figures)| Some((*at as f64, figures[column]?))).collect();
        if line.is_empty() {
            continue;
        }
        let style = COLORS[column].stroke_width(if contender.is_ours() { 3 } else { 1 });
        chart
            .draw_series(LineSeries::new(line, style).point_size(3))?
            .label(contender.name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(RGBColor(200, 200, 200))
        .draw()?;
    area.present()?;
    Ok(())
}
