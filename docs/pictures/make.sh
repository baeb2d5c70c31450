#!/bin/bash
# The pictures of README.md and of docs/user, cut from the screenshots that `pytest tests/gui` left in demo/window. Needs ffmpeg.
#   docs/pictures/make.sh [demo/window/window_blender]
set -euo pipefail
cd "$(dirname "$0")/../.."
shots=${1:-demo/window/window_blender}
made() { ffmpeg -v error -y "${@:2}" -frames:v 1 -pix_fmt pal8 "docs/pictures/$1"; } # 256 colours are enough for a panel
few='split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=dither=none'

made panel.png -i "$shots/kinds/kind_frames.png" -i "$shots/kinds/kind_references.png" \
  -i "$shots/kinds/kind_storyboard.png" -i "$shots/kinds/kind_edit.png" -filter_complex "[0][1][2][3]hstack=4,$few"
made sequencer.png -i "$shots/timeline/stand_in.png" -filter_complex "crop=1312:788:0:28,$few"
made takes.png -i "$shots/takes/menu.png" -filter_complex "crop=540:206:376:400,$few"
made make_element.png -i "$shots/elements/dialog.png" -filter_complex "crop=402:402:768:288,$few"
made gallery.png -i "$shots/gallery/dark.png" -i "$shots/gallery/light.png" -filter_complex "[0][1]hstack=2,$few"
for shot in 4k board; do
  made $shot.png -i "$shots/paid_shots/${shot}_priced.png" -i "$shots/paid_shots/${shot}_placed.png" -filter_complex "[0][1]hstack=2,$few"
done
ls -l docs/pictures/*.png
