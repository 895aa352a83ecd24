namespace VmBus.Tool;

/// <summary>The document <c>vmbus doctor --json</c> writes.</summary>
internal sealed record DoctorDocument(string Schema, string ToolVersion, string System, IReadOnlyList<DoctorFinding> Backends)
{
    /// <summary>The schema's name and version.</summary>
    public const string SchemaName = "vmbus-doctor/1";
}
