// The store of a backup, put back as files.
//
//   Result<Descriptor> held = take_place(place);
//   Result<std::string> store = restore_store(vault, manifest, place, progress);   // place/restoring
//   ... what the layers above change in it, before anybody sees it, and whose it is to be ...
//   finish_restore(place);
//
// Who holds the place keeps other restores out until finish_restore. The place must be absent, or empty but
// for what an earlier restore that was cut short left. Until finish_restore the engine refuses to open it
// (store/rocks_store.h: restoring_name). Blocks.
#pragma once

#include <string>

#include "backup/vault.h"

namespace heliopost::backup {

// Makes the place where it is not there, checks it, and keeps others out for as long as the descriptor lives.
// Fault::exists where it holds anything else, Fault::temporary where another restore is at it.
Result<Descriptor> take_place(const std::string& place);

// Gives the directory in which the files are. The place is taken.
Result<std::string> restore_store(const Vault& vault, const Manifest& manifest, const std::string& place,
                                  const Progress& progress);
Result<> finish_restore(const std::string& place);

// One file's octets to a new file. Used for configuration and certificates too.
Result<> restore_file(const Vault& vault, const File& file, const std::string& path,
                      const Progress& progress);

}  // namespace heliopost::backup
