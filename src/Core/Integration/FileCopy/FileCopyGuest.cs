// The guest's side of file copies. Mirrors hv_fcopy_send_data and what it calls (Linux tools/hv/hv_fcopy_uio_daemon.c), and
// what its predecessor for the kernel's own driver did when a copy was cancelled.

using System.Globalization;
using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>Receives files that the host copies, one at a time.</summary>
/// <remarks>
/// A step that fails ends the copy: the written data is deleted at once, and later messages for this file are refused. A
/// file is completed only when every announced byte has arrived. A host that negotiates again cancels its current copy.
/// </remarks>
public sealed class FileCopyGuest : IntegrationGuest
{
    private readonly IFileCopyTarget _target;
    private readonly FileCopyGuestOptions _options;
    private readonly TimeProvider _clock;
    private readonly Action<FileCopyReport>? _ended;
    private Copy? _copy;
    private FileCopyReport? _report;

    /// <summary>Creates a component that has not negotiated yet.</summary>
    /// <param name="target">Where files go.</param>
    /// <param name="options">What to accept; <see langword="null"/> for the defaults.</param>
    /// <param name="ended">Called for each copy that ended, once the answer is sent.</param>
    public FileCopyGuest(IFileCopyTarget target, FileCopyGuestOptions? options = null, Action<FileCopyReport>? ended = null)
        : base(IcMessageType.FileCopy, IntegrationVersions.FileCopy)
    {
        ArgumentNullException.ThrowIfNull(target);
        _target = target;
        _options = options ?? new FileCopyGuestOptions();
        _clock = _options.Clock ?? TimeProvider.System;
        _ended = ended;
    }

    /// <summary>The file that is being copied; <see langword="null"/> if there is none.</summary>
    public FileCopyRequest? Current => _copy?.Request;

    /// <inheritdoc/>
    public override TimeSpan DueIn
    {
        get
        {
            if (_copy is null || _options.IdleTimeout == Timeout.InfiniteTimeSpan)
                return Timeout.InfiniteTimeSpan;
            TimeSpan left = _options.IdleTimeout - _clock.GetElapsedTime(_copy.LastAt);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>Abandons a stalled copy.</summary>
    public override void DoWhatIsDue()
    {
        if (DueIn != TimeSpan.Zero)
            return;
        string idle = _options.IdleTimeout.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
        End(FileCopyOutcome.Stalled, new FileCopyVerdict(IcStatus.Fail, $"the host sent nothing of it for {idle} s"));
        AnswerSent();
    }

    /// <inheritdoc/>
    public override void AnswerSent()
    {
        if (_report is not { } report)
            return;
        _report = null;
        _ended?.Invoke(report);
    }

    /// <summary>Abandons the current copy.</summary>
    public override void Close()
    {
        try
        {
            AnswerSent();
        }
        finally
        {
            // Also when the handler of the last copy throws: the file must not stay open.
            End(FileCopyOutcome.Abandoned, new FileCopyVerdict(IcStatus.Fail, "the channel was closed before it was complete"));
        }

        AnswerSent();
    }

    private protected override void Negotiating()
    {
        End(FileCopyOutcome.Abandoned, new FileCopyVerdict(IcStatus.Fail, "the host negotiated again before it was complete"));
    }

    private protected override IcStatus Respond(Span<byte> body)
    {
        DoWhatIsDue();
        if (body.Length < IcFileCopyHeader.Size)
            return Malformed();
        switch (MemoryMarshal.Read<IcFileCopyHeader>(body).Operation)
        {
            case IcFileCopyOperation.Start:
                return Start(body);
            case IcFileCopyOperation.Write:
                return _copy is { } copy ? Write(copy, body) : OutOfOrder();
            case IcFileCopyOperation.Complete:
                return _copy is { } whole ? Complete(whole) : OutOfOrder();
            case IcFileCopyOperation.Cancel:
                // Of a copy that failed here nothing is left; that the host gives it up then is in order.
                End(FileCopyOutcome.Cancelled, FileCopyVerdict.Success);
                return IcStatus.Success;
            default:
                return Malformed(IcStatus.NotSupported);
        }
    }

    private IcStatus Start(ReadOnlySpan<byte> body)
    {
        if (_copy is not null)
            return OutOfOrder();
        if (body.Length < IcFileCopyStart.Size)
            return Malformed();
        var start = MemoryMarshal.Read<IcFileCopyStart>(body);
        if (!FileCopyText.TryRead(start.FileName, out string fileName) || !FileCopyText.TryRead(start.PathName, out string path))
        {
            Refuse(null, new FileCopyVerdict(IcStatus.InvalidArgument, "its name or path is not zero-terminated UTF-16"));
            return Malformed(IcStatus.InvalidArgument);
        }

        var request = new FileCopyRequest(fileName, path, start.FileSize, start.Flags);
        if (!request.TryGetFolders(out _, out _))
            return Refuse(request, new FileCopyVerdict(IcStatus.InvalidArgument, "its name is not a plain file name, or its path contains '..'"));
        if (request.Size > _options.MaxSize || request.Size > long.MaxValue)
            return Refuse(request, new FileCopyVerdict(IcStatus.DiskFull, string.Create(CultureInfo.InvariantCulture, $"it has {request.Size} bytes; {_options.MaxSize} are accepted at most")));
        FileCopyVerdict verdict = _target.Begin(request, out IFileCopyFile? file);
        if (!verdict.IsSuccess)
            return Refuse(request, verdict);
        ArgumentNullException.ThrowIfNull(file);
        _copy = new Copy(request, file, _clock.GetTimestamp());
        return IcStatus.Success;
    }

    private IcStatus Write(Copy copy, ReadOnlySpan<byte> body)
    {
        copy.LastAt = _clock.GetTimestamp();
        if (body.Length < IcFileCopyWrite.Size)
        {
            End(FileCopyOutcome.Failed, new FileCopyVerdict(IcStatus.Fail, $"a piece of it has {body.Length} bytes, less than the header of a piece"));
            return Malformed();
        }

        var write = MemoryMarshal.Read<IcFileCopyWrite>(body);
        ReadOnlySpan<byte> data = body[IcFileCopyWrite.Size..];
        ulong size = copy.Request.Size;
        if (write.DataLength > IcFileCopyWrite.MaxDataLength || write.DataLength > (uint)data.Length
            || write.Offset > size || write.DataLength > size - write.Offset)
        {
            End(FileCopyOutcome.Failed, new FileCopyVerdict(IcStatus.InvalidArgument, string.Create(CultureInfo.InvariantCulture,
                $"a piece of {write.DataLength} bytes at {write.Offset}, in a message with {data.Length}, does not fit a file of {size}")));
            return Malformed(IcStatus.InvalidArgument);
        }

        if (!copy.Coverage.TryAdd(write.Offset, write.DataLength))
            return Fail(new FileCopyVerdict(IcStatus.Fail, $"its pieces leave more than {FileCopyCoverage.MaxRanges} holes"));
        FileCopyVerdict verdict = copy.File.Write((long)write.Offset, data[..(int)write.DataLength]);
        if (!verdict.IsSuccess)
            return Fail(verdict);
        copy.Bytes += write.DataLength;
        return IcStatus.Success;
    }

    private IcStatus Complete(Copy copy)
    {
        if (!copy.Coverage.IsWhole(copy.Request.Size))
            return Fail(new FileCopyVerdict(IcStatus.Fail, string.Create(CultureInfo.InvariantCulture, $"not all of its {copy.Request.Size} bytes arrived")));
        FileCopyVerdict verdict = copy.File.Complete();
        if (!verdict.IsSuccess)
            return Fail(verdict);
        End(FileCopyOutcome.Completed, verdict);
        return IcStatus.Success;
    }

    private IcStatus Fail(FileCopyVerdict verdict)
    {
        End(FileCopyOutcome.Failed, verdict);
        return verdict.Status;
    }

    private IcStatus Refuse(FileCopyRequest? request, FileCopyVerdict verdict)
    {
        _report = new FileCopyReport(request, FileCopyOutcome.Refused, verdict, 0, TimeSpan.Zero);
        return verdict.Status;
    }

    private void End(FileCopyOutcome outcome, FileCopyVerdict verdict)
    {
        if (_copy is not { } copy)
            return;
        _copy = null;
        copy.File.Dispose();
        _report = new FileCopyReport(copy.Request, outcome, verdict, copy.Bytes, _clock.GetElapsedTime(copy.BegunAt));
    }

    private sealed class Copy(FileCopyRequest request, IFileCopyFile file, long begunAt)
    {
        public FileCopyRequest Request { get; } = request;

        public IFileCopyFile File { get; } = file;

        public FileCopyCoverage Coverage { get; } = new();

        public long BegunAt { get; } = begunAt;

        public long LastAt { get; set; } = begunAt;

        public ulong Bytes { get; set; }
    }
}
