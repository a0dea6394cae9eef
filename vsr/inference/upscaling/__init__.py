"""Upscaling a person's own video, of any length, in memory that does not grow with it.

To be read in the order of the road a frame takes: `frame`, `video_source` (with `clock`) or `picture_source`,
`colour`, `shots`, `super_resolver` (with `windows` and `tiles`; for how long and large these are, `plan`, `budget`,
`footprint` and `container_memory`), `sink` (`video_sink` with `codecs`, `sound` and `sound_stream`, or `picture_sink`;
`failures`), `wipe`. `request` is what a config asks for, `stopping` what ends it early; `run` puts them together.
"""
