// The host's side of file copies: what the Guest Service Interface of Hyper-V does, as the guest's side of it
// (Linux tools/hv/hv_fcopy_uio_daemon.c) expects: one message at a time, each answered before the next.

using System.Globalization;
using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>Copies files into a guest, one after the other.</summary>
public sealed class FileCopyHost : IntegrationHost
{
    /// <summary>The maximum number of pending files; more are refused.</summary>
    public const int MaxWaiting = 64;

    private readonly Queue<Job> _jobs = new();

    /// <summary>Creates a component that has not negotiated yet.</summary>
    /// <param name="clock">The clock; <see langword="null"/> for the system's.</param>
    /// <param name="answerTimeout">
    /// The time limit for each answer; <see cref="IntegrationHost.DefaultAnswerTimeout"/> by default.
    /// </param>
    public FileCopyHost(TimeProvider? clock = null, TimeSpan? answerTimeout = null)
        : base(IcMessageType.FileCopy, IntegrationVersions.FileCopy, clock, answerTimeout)
    {
    }

    /// <summary>The offer of the component's channel.</summary>
    public static HostOffer Offer => IntegrationOffers.FileCopy;

    private enum Step
    {
        Start,
        Write,
        Complete,
        Cancel,
    }

    private protected override TimeSpan RequestDueIn => _jobs.Count > 0 ? TimeSpan.Zero : Timeout.InfiniteTimeSpan;

    /// <summary>Queues a file.</summary>
    /// <param name="request">The file's name, folder and size.</param>
    /// <param name="content">
    /// The file's bytes, from the stream's current position. As many as the request states are read, on the thread that sends
    /// requests. The caller keeps the stream open until the task ends, and disposes it.
    /// </param>
    /// <param name="progress">Called after each piece with the number of bytes that the guest has accepted.</param>
    /// <param name="cancellationToken">Cancels the copy before its next message.</param>
    /// <returns>
    /// The result. Fails like <see cref="ShutdownHost.AskAsync"/>, and with <see cref="EndOfStreamException"/> if the stream
    /// ends early, or with the exception of the stream or of <paramref name="progress"/>; before that, the guest is asked to
    /// abandon the file.
    /// </returns>
    /// <exception cref="InvalidOperationException"><see cref="MaxWaiting"/> files are already pending.</exception>
    public Task<FileCopyResult> CopyAsync(FileCopyRequest request, Stream content, IProgress<ulong>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(content);
        if (EndedBy is { } ended)
            return Task.FromException<FileCopyResult>(ended);
        if (_jobs.Count >= MaxWaiting)
            throw new InvalidOperationException($"{MaxWaiting} files are already pending.");
        var job = new Job(request, content, progress, cancellationToken);
        _jobs.Enqueue(job);
        return job.Done.Task;
    }

    private protected override int WriteRequest(Span<byte> body)
    {
        Job job = _jobs.Peek();
        if (job.Token.IsCancellationRequested)
            GiveUp(job, new OperationCanceledException(job.Token));
        Span<byte> data = body[IcFileCopyWrite.Size..];
        if (job.Step == Step.Write)
            job.Piece = ReadPiece(job, data);

        // Not before: what could not be read has made it another step.
        switch (job.Step)
        {
            case Step.Start:
                var start = new IcFileCopyStart { Flags = job.Request.Flags, FileSize = job.Request.Size };
                FileCopyText.Write(job.Request.FileName, start.FileName);
                FileCopyText.Write(job.Request.Path, start.PathName);
                MemoryMarshal.Write(body, in start);
                return IcFileCopyStart.Size;
            case Step.Write:
                var write = new IcFileCopyWrite { Offset = job.Sent, DataLength = (uint)job.Piece };
                write.Header.Operation = IcFileCopyOperation.Write;
                MemoryMarshal.Write(body, in write);
                return IcFileCopyWrite.Size + job.Piece;
            default:
                var end = new IcFileCopyHeader { Operation = job.Step == Step.Complete ? IcFileCopyOperation.Complete : IcFileCopyOperation.Cancel };
                MemoryMarshal.Write(body, in end);
                return IcFileCopyHeader.Size;
        }
    }

    private protected override void TakeAnswer(IcStatus status, ReadOnlySpan<byte> body)
    {
        Job job = _jobs.Peek();
        switch (job.Step)
        {
            case Step.Start or Step.Write when status == IcStatus.Success:
                if (job.Step == Step.Write)
                {
                    job.Sent += (uint)job.Piece;
                    Report(job);
                }

                if (job.Error is null)
                    job.Step = job.Sent == job.Request.Size ? Step.Complete : Step.Write;
                break;
            case Step.Write:
                job.Status = status;
                job.Step = Step.Cancel;
                break;
            case Step.Start or Step.Complete:
                job.Status = status;
                Finish(job);
                break;
            default:
                Finish(job);
                break;
        }
    }

    private protected override void Unanswered()
    {
        Job job = _jobs.Peek();
        if (job.Step == Step.Cancel)
            Finish(job);
        else
            GiveUp(job, new TimeoutException($"The guest did not answer a {MessageType} request in time."));
    }

    private protected override void Ended(Exception reason)
    {
        while (_jobs.TryDequeue(out Job? job))
            job.Done.SetException(job.Error ?? reason);
    }

    private static int ReadPiece(Job job, Span<byte> data)
    {
        int length = (int)Math.Min(job.Request.Size - job.Sent, IcFileCopyWrite.MaxDataLength);
        try
        {
            int read = job.Content.ReadAtLeast(data[..length], length, throwOnEndOfStream: false);
            if (read < length)
            {
                GiveUp(job, new EndOfStreamException(string.Create(CultureInfo.InvariantCulture,
                    $"The stream of {job.Request.FileName} ended after {job.Sent + (uint)read} bytes; {job.Request.Size} were announced.")));
            }
        }
        catch (Exception error)
        {
            // Whatever it is: the stream is one copy's, the component is everybody's.
            GiveUp(job, error);
        }

        return length;
    }

    private static void Report(Job job)
    {
        try
        {
            job.Progress?.Report(job.Sent);
        }
        catch (Exception error)
        {
            GiveUp(job, error);
        }
    }

    // The guest may have begun, so it is told.
    private static void GiveUp(Job job, Exception error)
    {
        job.Error ??= error;
        job.Step = Step.Cancel;
    }

    private void Finish(Job job)
    {
        _jobs.Dequeue();
        if (job.Error is OperationCanceledException)
            job.Done.SetCanceled(job.Token);
        else if (job.Error is { } error)
            job.Done.SetException(error);
        else
            job.Done.SetResult(new FileCopyResult(job.Status, job.Sent));
    }

    private sealed class Job(FileCopyRequest request, Stream content, IProgress<ulong>? progress, CancellationToken token)
    {
        public FileCopyRequest Request { get; } = request;

        public Stream Content { get; } = content;

        public IProgress<ulong>? Progress { get; } = progress;

        public CancellationToken Token { get; } = token;

        public TaskCompletionSource<FileCopyResult> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Step Step { get; set; }

        public ulong Sent { get; set; }

        public int Piece { get; set; }

        public IcStatus Status { get; set; }

        public Exception? Error { get; set; }
    }
}
