namespace VmBus.Tool;

/// <summary>The host's job in a measurement: see <see cref="HostReceiver"/>.</summary>
/// <param name="timeline">Told what happens over time, while the job runs in this process.</param>
internal sealed class ReceiveJob(TimelineRecorder? timeline = null) : IHostJob<HostResult>
{
    /// <summary>The job's name on a command line.</summary>
    public const string Name = "receive";

    /// <inheritdoc/>
    public IReadOnlyList<string> Arguments => [Name];

    /// <inheritdoc/>
    public HostResult Run(VmBusChannel channel, CancellationToken cancellationToken)
        => new HostReceiver(channel, timeline).Run(cancellationToken);

    /// <inheritdoc/>
    public void Write(BinaryWriter writer, HostResult result) => result.WriteTo(writer);

    /// <inheritdoc/>
    public HostResult Read(BinaryReader reader) => HostResult.ReadFrom(reader);
}
