"""Upscaling a person's own video, of any length, in memory that does not grow with it.

To be read in the order of the road a frame takes: `frame`, `video_source` or `picture_source`, `colour`, `shots`,
`super_resolver` (with `windows` and `tiles`; for how long and large these are, `plan` and `footprint`), `sink`
(`video_sink` with `codecs` and `sound`, or `picture_sink`), `wipe`. `run` puts them together.
"""
