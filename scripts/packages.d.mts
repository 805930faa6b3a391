/** Installs the packages of a folder, if they are not installed. Returns whether they are installed now. */
export function installPackages(folder: string, content: string): boolean;
