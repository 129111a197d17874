import { Handle, Position } from "@xyflow/react";

/** Where lines end (left) and begin (right). React Flow reads their place from the document, so they have to be in it. */
export function LineEnds() {
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} className="lineage-end" />
      <Handle type="source" position={Position.Right} isConnectable={false} className="lineage-end" />
    </>
  );
}
