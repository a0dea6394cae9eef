"""Files of videos and pictures: found below a folder, examined once, read by frame number."""
