using VmBus.Integration;

namespace VmBus.Core.Tests.IntegrationComponents;

/// <summary>Files in memory. Counts those that are open: what a guest leaves open is a leak.</summary>
internal sealed class FileShelf : IFileCopyTarget
{
    public Dictionary<string, byte[]> Files { get; } = [];

    public int Open { get; private set; }

    /// <summary>What the next steps answer instead.</summary>
    public FileCopyVerdict AtBegin { get; set; }

    public FileCopyVerdict AtWrite { get; set; }

    public FileCopyVerdict AtComplete { get; set; }

    public FileCopyVerdict Begin(FileCopyRequest request, out IFileCopyFile? file)
    {
        bool exists = Files.ContainsKey(request.FileName) && (request.Flags & IcFileCopyFlags.Overwrite) == 0;
        FileCopyVerdict verdict = exists ? new(IcStatus.AlreadyExists, "it exists") : AtBegin;
        file = verdict.IsSuccess ? new Copy(this, request) : null;
        return verdict;
    }

    private sealed class Copy : IFileCopyFile
    {
        private readonly FileShelf _shelf;
        private readonly FileCopyRequest _request;
        private readonly byte[] _bytes;
        private bool _closed;

        public Copy(FileShelf shelf, FileCopyRequest request)
        {
            _shelf = shelf;
            _request = request;
            _bytes = new byte[Math.Min(request.Size, 1 << 26)];
            shelf.Open++;
        }

        public FileCopyVerdict Write(long offset, ReadOnlySpan<byte> data)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            if (offset + data.Length <= _bytes.Length)
                data.CopyTo(_bytes.AsSpan((int)offset));
            return _shelf.AtWrite;
        }

        public FileCopyVerdict Complete()
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            if (_shelf.AtComplete.IsSuccess)
                _shelf.Files[_request.FileName] = _bytes;
            return _shelf.AtComplete;
        }

        public void Dispose()
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            _closed = true;
            _shelf.Open--;
        }
    }
}
