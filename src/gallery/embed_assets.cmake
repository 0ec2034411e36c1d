# Writes the site's fixed files (src/gallery/assets/) as one C++ source, so that the program needs no files beside it.
#   cmake -DFOLDER=<assets> -DOUTPUT=<file.cc> -P embed_assets.cmake
file(GLOB names RELATIVE ${FOLDER} ${FOLDER}/*)
list(SORT names)
set(text "#include \"gallery/assets.h\"\n\nnamespace medimirror {\n\n")
string(APPEND text "std::span<const GalleryAsset> gallery_assets() {\n  static constexpr GalleryAsset kAssets[] = {\n")
foreach(name IN LISTS names)
  file(READ ${FOLDER}/${name} content)
  string(APPEND text "      {\"${name}\", R\"medimirror(${content})medimirror\"},\n")
endforeach()
string(APPEND text "  };\n  return kAssets;\n}\n\n}  // namespace medimirror\n")
file(WRITE ${OUTPUT} "${text}")
