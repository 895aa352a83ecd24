// Where the files of the components' target go: nowhere, but within their size.

using VmBus.Integration;

namespace VmBus.Fuzz;

/// <summary>Law: pieces lie within the size announced, and every file is closed once.</summary>
internal sealed class FuzzFiles : IFileCopyTarget
{
    public int Open { get; private set; }

    public FileCopyVerdict Begin(FileCopyRequest request, out IFileCopyFile? file)
    {
        FindingException.Unless(request.TryGetFolders(out IReadOnlyList<string> folders, out _) && !folders.Contains(".."), "A name that leads upwards came through.");
        FindingException.Unless(Open == 0, "Two files are open.");
        file = new Copy(this, (long)request.Size);
        return FileCopyVerdict.Success;
    }

    private sealed class Copy : IFileCopyFile
    {
        private readonly FuzzFiles _files;
        private readonly long _size;
        private bool _closed;

        public Copy(FuzzFiles files, long size)
        {
            _files = files;
            _size = size;
            files.Open++;
        }

        public FileCopyVerdict Write(long offset, ReadOnlySpan<byte> data)
        {
            FindingException.Unless(!_closed && offset >= 0 && offset <= _size && data.Length <= _size - offset, "A piece lies outside its file.");
            return FileCopyVerdict.Success;
        }

        public FileCopyVerdict Complete()
        {
            FindingException.Unless(!_closed, "A closed file was completed.");
            return FileCopyVerdict.Success;
        }

        public void Dispose()
        {
            FindingException.Unless(!_closed, "A file was closed twice.");
            _closed = true;
            _files.Open--;
        }
    }
}
